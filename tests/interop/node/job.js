// The main job with node's `soap`: the contract is read at run time, bytes go by fetch.

import { readFile, writeFile } from "node:fs/promises";
import soap from "soap";

const [address, user, password, folderName, filePath, copyPath] = process.argv.slice(2);

const manager = await soap.createClientAsync(`${address}?wsdl`);
manager.setSecurity(new soap.BasicAuthSecurity(user, password));

const say = (key, value) => console.log(`${key} ${value}`);

async function call(operation, request = {}) {
  const [answer] = await manager[`${operation}Async`](request);
  return answer;
}

async function moveBytes(endpoint, body) {
  const headers = Object.fromEntries((endpoint.header ?? []).map(({ name, value }) => [name, value]));
  return fetch(endpoint.url, { method: endpoint.method, headers, body });
}

const propertyOf = (node, key) => node.property.find((each) => each.key === key).value;

async function reportFault(key, attempt) {
  try {
    await attempt();
  } catch (error) {
    const [[declared, detail]] = Object.entries(error.root.Envelope.Body.Fault.detail);
    say(key, declared);
    say(`${key}.name`, detail.name);
    say(`${key}.message`, detail.message);
  }
}

// account
const { identifier } = await call("getIdentifier");
say("service", identifier);
const { account } = await call("getAccount");
const home = account.home;
say("account", account.identifier);
say("home", home);

// folder
const { node: folder } = await call("addNode", { parent: home, name: folderName, type: "FOLDER" });
say("folder", folder.identifier);

// file
const { node: file } = await call("addNode", {
  parent: folder.identifier,
  name: "query-7.vot",
  type: "FILE",
  property: [{ key: "note", value: '5 < flux & "rising"' }],
});
say("file", file.identifier);
say("file.version", file.version);
say("file.note", propertyOf(file, "note"));

// send
const content = await readFile(filePath);
const { transfer: offer } = await call("importInit", {
  node: file.identifier,
  size: content.length,
  contentType: "application/x-votable+xml",
});
say("import.transfer", offer.transfer);
say("import.state", offer.state);
say("import.method", offer.endpoint[0].method);
say("put.status", (await moveBytes(offer.endpoint[0], content)).status);

// wait
let transfer;
do {
  ({ transfer } = await call("getTransfer", { transfer: offer.transfer }));
} while (transfer.state !== "COMPLETED");
say("transfer.state", transfer.state);
say("transfer.size", transfer.receipt.size);

// node, dates
const { node: [node] } = await call("getNode", { node: `${home}/${folderName}/query-7.vot` });
say("node", node.identifier);
say("node.size", node.size);
say("node.version", node.version);
say("node.type", node.contentType);
say("node.sha-256", node.digest.find((each) => each.algorithm === "sha-256").value);
say("node.created", node.created.toISOString());
say("node.modified", node.modified.toISOString());

// fetch
const { transfer: source } = await call("exportInit", { node: file.identifier });
const fetched = await moveBytes(source.endpoint[0]);
say("export.method", source.endpoint[0].method);
say("get.status", fetched.status);
await writeFile(copyPath, Buffer.from(await fetched.arrayBuffer()));

// names
const name = "é 星 🌟.txt";
await call("addNode", {
  parent: folder.identifier,
  name,
  type: "FILE",
  property: [{ key: "note", value: "naïve 星 🌟" }],
});
const { node: [star] } = await call("getNode", { node: `${home}/${folderName}/${encodeURIComponent(name)}` });
say("names.node", star.identifier);
say("names.name", star.name);
say("names.note", propertyOf(star, "note"));

// large
const { node: [big] } = await call("getNode", { node: `${home}/archive/big.dat` });
say("large.size", Number.isSafeInteger(big.size) ? big.size : "not a number");

// bundle
const { node: [hundred, ...others] } = await call("getNode", {
  node: `${home}/hundred`,
  hints: { depth: 1, maximumExtraNodes: 99 },
});
say("bundle.count", 1 + others.length);
say("bundle.first", hundred.name);
others.forEach((each) => say("bundle.name", each.name));

// faults
await reportFault("missing", () => call("getNode", { node: `${home}/${folderName}/nothing` }));
await reportFault("twice", () => call("addNode", { parent: folder.identifier, name: "query-7.vot", type: "FILE" }));
await reportFault("kind", () => call("importInit", { node: folder.identifier }));

// bad input: soap sends what it is given, and leaves out what it is not
await reportFault("type", () => call("importInit", { node: file.identifier, size: "many" }));
await reportFault("element", () => call("addNode", { parent: folder.identifier, type: "FILE" }));
