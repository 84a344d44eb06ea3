// The same store in the process itself: maps, an index by name, nothing that outlives it.
import { key, Taken } from "./sqlite.mjs";

export function openMemory() {
    return new MemoryStore();
}

class MemoryStore {
    #tokens = new Set();
    #rows = { user: new Map(), group: new Map() };
    #names = { user: new Map(), group: new Map() };
    #groupsOf = new Map();

    withToken(digest) {
        this.#tokens.add(digest.toString("hex"));
        return this;
    }

    knows(digest) {
        return this.#tokens.has(digest.toString("hex"));
    }

    one(kind, id) {
        const row = this.#rows[kind].get(id);
        return row && this.#resource(kind, row);
    }

    named(kind, name) {
        const id = this.#names[kind].get(key(kind, name));
        return id === undefined ? [] : [this.one(kind, id)];
    }

    page(kind, offset, count) {
        const found = [];
        let number = 0;
        for (const row of this.#rows[kind].values()) {
            if (number >= offset + count) break;
            if (number++ >= offset) found.push(this.#resource(kind, row));
        }
        return found;
    }

    count(kind) {
        return this.#rows[kind].size;
    }

    addUser(id, content, now) {
        return this.#save("user", id, content.userName, { id, content, created: now, modified: now });
    }

    replaceUser(id, content, now) {
        const { created } = this.#rows.user.get(id);
        return this.#save("user", id, content.userName, { id, content, created, modified: now });
    }

    addGroup(id, { members = [], ...content }, now) {
        return this.#saveGroup({ id, content, members: new Set(), created: now, modified: now }, members);
    }

    replaceGroup(id, { members = [], ...content }, now) {
        const { created, members: before } = this.#rows.group.get(id);
        return this.#saveGroup({ id, content, members: before, created, modified: now }, members);
    }

    remove(kind, id) {
        const { content, members = [] } = this.#rows[kind].get(id);
        for (const value of members) this.#groupsOf.get(value)?.delete(id);
        for (const group of this.#groupsOf.get(id) ?? []) this.#rows.group.get(group)?.members.delete(id);
        this.#names[kind].delete(key(kind, content.userName ?? content.displayName));
        this.#rows[kind].delete(id);
    }

    #saveGroup(row, members) {
        const after = new Set(members.map(({ value }) => value));
        for (const value of row.members) if (!after.has(value)) this.#groupsOf.get(value)?.delete(row.id);
        for (const value of after) {
            if (!this.#groupsOf.has(value)) this.#groupsOf.set(value, new Set());
            this.#groupsOf.get(value).add(row.id);
        }
        return this.#save("group", row.id, row.content.displayName, { ...row, members: after });
    }

    #save(kind, id, name, row) {
        const [names, wanted] = [this.#names[kind], key(kind, name)];
        if (names.has(wanted) && names.get(wanted) !== id) throw new Taken();
        const before = this.#rows[kind].get(id)?.content;
        if (before) names.delete(key(kind, before.userName ?? before.displayName));
        names.set(wanted, id);
        this.#rows[kind].set(id, row);
        return this.#resource(kind, row);
    }

    #resource(kind, { id, content, members, created, modified }) {
        const meta = { created, lastModified: modified };
        if (kind === "group") return { ...content, id, members: [...members].map((value) => ({ value })), meta };
        const groups = [...(this.#groupsOf.get(id) ?? [])].map((value) =>
            ({ value, display: this.#rows.group.get(value).content.displayName }));
        return { ...content, id, ...(groups.length ? { groups } : {}), meta };
    }
}
