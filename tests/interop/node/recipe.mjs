import soap from "soap"; import { readFileSync } from "node:fs"; import { basename } from "node:path";

const [address, user, password, path] = process.argv.slice(2);
const manager = await soap.createClientAsync(`${address}?wsdl`);
manager.setSecurity(new soap.BasicAuthSecurity(user, password));
const [{ account }] = await manager.getAccountAsync({});
const [{ node }] = await manager.addNodeAsync({ parent: account.home, name: basename(path), type: "FILE" });
const [{ transfer: { endpoint: [to] } }] = await manager.importInitAsync({ node: node.identifier });
await fetch(to.url, { method: "PUT", body: readFileSync(path), headers: (to.header ?? []).map((it) => [it.name, it.value]) });
const [{ transfer: { endpoint: [from] } }] = await manager.exportInitAsync({ node: node.identifier });
process.stdout.write(Buffer.from(await (await fetch(from.url)).arrayBuffer()));
