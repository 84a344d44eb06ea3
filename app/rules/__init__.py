"""What is decided and why, as pure functions of facts: standard library only. It owns no storage, no clock and no
wire format.
"""
