// A SCIM server made of scimmy-routers, as a careful user of it would: rows with indexes, documents as JSON, the filter
// an identity provider sends answered by an index, pages by LIMIT and OFFSET, members as rows, one statement for the
// groups of a whole page. One process, because better-sqlite3 and both stores are synchronous.
// Reads PEER_PORT, PEER_TOKEN and PEER_DATABASE (a path; empty: in memory) from the environment.
import { createHash, randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";
import { openMemory } from "./memory.mjs";
import { openSqlite, Taken } from "./sqlite.mjs";

const { PEER_PORT, PEER_TOKEN, PEER_DATABASE } = process.env;
const digest = (token) => createHash("sha256").update(token).digest();
const store = (PEER_DATABASE ? openSqlite(PEER_DATABASE) : openMemory()).withToken(digest(PEER_TOKEN));

// What the library would do with every user of the store is left to the index where it can be.
function valueOf(filter, attribute) {
    const entries = filter?.length === 1 ? Object.entries(filter[0]) : [];
    if (entries.length !== 1 || entries[0][0].toLowerCase() !== attribute.toLowerCase()) return undefined;
    const expressions = entries[0][1];
    return expressions.length === 2 && String(expressions[0]).toLowerCase() === "eq" ? expressions[1] : undefined;
}

function list(resource, kind, name) {
    const named = valueOf(resource.filter, name);
    if (named !== undefined) return store.named(kind, String(named));
    if (resource.filter || resource.constraints?.sortBy) {
        const all = store.page(kind, 0, Number.MAX_SAFE_INTEGER);
        return resource.filter ? resource.filter.match(all) : all;
    }
    resource.constraints ??= {};
    const { startIndex = 1, count = 20 } = resource.constraints;
    resource.constraints.totalResults = store.count(kind);
    // The library cuts off startIndex - 1 resources itself when it is handed at least that many.
    const whole = startIndex <= count;
    return store.page(kind, whole ? 0 : startIndex - 1, whole ? startIndex - 1 + count : count);
}

function written(kind, save) {
    return (resource, instance) => {
        const { id: _, meta, groups, ...content } = JSON.parse(JSON.stringify(instance));
        try {
            return save(resource.id, content);
        } catch (error) {
            if (error instanceof Taken) throw new SCIMMY.Types.Error(409, "uniqueness", `${kind} exists already`);
            throw error;
        }
    };
}

function read(kind, name) {
    return (resource) => {
        if (!resource.id) return list(resource, kind, name);
        const found = store.one(kind, resource.id);
        if (!found) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
        return found;
    };
}

const now = () => new Date().toISOString();
SCIMMY.Resources.declare(SCIMMY.Resources.User)
    .extend(SCIMMY.Schemas.EnterpriseUser, false)
    .egress(read("user", "userName"))
    .ingress(written("User", (id, content) =>
        id ? store.replaceUser(id, content, now()) : store.addUser(randomUUID(), content, now())))
    .degress((resource) => store.remove("user", resource.id));
SCIMMY.Resources.declare(SCIMMY.Resources.Group)
    .egress(read("group", "displayName"))
    .ingress(written("Group", (id, content) =>
        id ? store.replaceGroup(id, content, now()) : store.addGroup(randomUUID(), content, now())))
    .degress((resource) => store.remove("group", resource.id));

const app = express();
app.disable("x-powered-by");
app.use("/scim/v2", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        const token = request.header("Authorization")?.replace(/^Bearer /, "");
        if (!token || !store.knows(digest(token))) throw new Error("Unknown token");
        return "directory";
    },
}));
app.listen(Number(PEER_PORT), "127.0.0.1");
