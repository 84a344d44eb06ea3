// Users, groups and memberships in SQLite: WAL, synchronous=FULL, one transaction for each write, prepared statements.
import Database from "better-sqlite3";

/** A name that is taken already. */
export class Taken extends Error {}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS tokens (digest BLOB PRIMARY KEY);
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, external_id TEXT UNIQUE, document TEXT NOT NULL,
    created TEXT NOT NULL, modified TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS groups (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, external_id TEXT UNIQUE, document TEXT NOT NULL,
    created TEXT NOT NULL, modified TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS members (
    group_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (group_id, user_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS groups_of ON members (user_id);
`;
const TABLES = { user: "users", group: "groups" };

export function openSqlite(path) {
    const db = new Database(path);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.exec(SCHEMA);
    return new SqliteStore(db);
}

class SqliteStore {
    #db;
    #by = {};
    #sql;

    constructor(db) {
        this.#db = db;
        for (const [kind, table] of Object.entries(TABLES)) {
            this.#by[kind] = {
                one: db.prepare(`SELECT * FROM ${table} WHERE id = ?`),
                named: db.prepare(`SELECT * FROM ${table} WHERE name = ?`),
                page: db.prepare(`SELECT * FROM ${table} ORDER BY id LIMIT ? OFFSET ?`),
                count: db.prepare(`SELECT count(*) FROM ${table}`).pluck(),
                add: db.prepare(`INSERT INTO ${table} VALUES (@id, @name, @external, @document, @now, @now)`),
                replace: db.prepare(`UPDATE ${table} SET name = @name, external_id = @external, document = @document,
                    modified = @now WHERE id = @id`),
                remove: db.prepare(`DELETE FROM ${table} WHERE id = ?`),
            };
        }
        this.#sql = {
            knows: db.prepare("SELECT 1 FROM tokens WHERE digest = ?"),
            groupsOf: db.prepare(`SELECT m.user_id, g.id, g.document ->> 'displayName' AS display
                FROM members m JOIN groups g ON g.id = m.group_id
                WHERE m.user_id IN (SELECT value FROM json_each(?))`),
            membersOf: db.prepare("SELECT user_id FROM members WHERE group_id = ?").pluck(),
            join: db.prepare("INSERT OR IGNORE INTO members VALUES (?, ?)"),
            leave: db.prepare("DELETE FROM members WHERE group_id = ? AND user_id = ?"),
            leaveAll: db.prepare("DELETE FROM members WHERE user_id = @id OR group_id = @id"),
        };
    }

    withToken(digest) {
        this.#db.prepare("INSERT OR IGNORE INTO tokens VALUES (?)").run(digest);
        return this;
    }

    knows(digest) {
        return this.#sql.knows.get(digest) !== undefined;
    }

    one(kind, id) {
        const row = this.#by[kind].one.get(id);
        return row && this.#resources(kind, [row])[0];
    }

    named(kind, name) {
        return this.#resources(kind, this.#by[kind].named.all(key(kind, name)));
    }

    page(kind, offset, count) {
        return this.#resources(kind, this.#by[kind].page.all(count, offset));
    }

    count(kind) {
        return this.#by[kind].count.get();
    }

    addUser(id, content, now) {
        this.#write(() => this.#by.user.add.run(row("user", id, content, now)));
        return { ...content, id, meta: { created: now, lastModified: now } };
    }

    replaceUser(id, content, now) {
        this.#write(() => this.#by.user.replace.run(row("user", id, content, now)));
        return this.one("user", id);
    }

    addGroup(id, { members = [], ...content }, now) {
        this.#write(() => {
            this.#by.group.add.run(row("group", id, content, now));
            for (const { value } of members) this.#sql.join.run(id, value);
        });
        return { ...content, id, members, meta: { created: now, lastModified: now } };
    }

    // The library hands over the group as it shall be; what differs from the rows is written, and nothing else.
    replaceGroup(id, { members = [], ...content }, now) {
        this.#write(() => {
            const before = new Set(this.#sql.membersOf.all(id));
            const after = new Set(members.map(({ value }) => value));
            this.#by.group.replace.run(row("group", id, content, now));
            for (const value of after) if (!before.has(value)) this.#sql.join.run(id, value);
            for (const value of before) if (!after.has(value)) this.#sql.leave.run(id, value);
        });
        return this.one("group", id);
    }

    remove(kind, id) {
        this.#write(() => {
            this.#by[kind].remove.run(id);
            this.#sql.leaveAll.run({ id });
        });
    }

    #write(statements) {
        try {
            this.#db.transaction(statements).immediate();
        } catch (error) {
            throw error.code === "SQLITE_CONSTRAINT_UNIQUE" ? new Taken() : error;
        }
    }

    #resources(kind, rows) {
        const extra = kind === "user" ? this.#groups(rows) : this.#members(rows);
        return rows.map(({ id, document, created, modified }) =>
            ({ ...JSON.parse(document), id, ...extra(id), meta: { created, lastModified: modified } }));
    }

    #groups(rows) {
        const found = {};
        for (const { user_id, id, display } of this.#sql.groupsOf.all(JSON.stringify(rows.map(({ id }) => id)))) {
            (found[user_id] ??= []).push({ value: id, display });
        }
        return (id) => (found[id] ? { groups: found[id] } : {});
    }

    #members() {
        return (id) => ({ members: this.#sql.membersOf.all(id).map((value) => ({ value })) });
    }
}

export function key(kind, name) {
    return kind === "user" ? name.toLowerCase() : name;
}

function row(kind, id, content, now) {
    const name = key(kind, kind === "user" ? content.userName : content.displayName);
    return { id, name, external: content.externalId ?? null, document: JSON.stringify(content), now };
}
