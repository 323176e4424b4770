// An independent OPC UA server: hydrants that move, with history. Orders come as JSON lines on stdin, answers on stdout.
// Arguments: port, count of nodes, period in ms between moves, folder for certificates, "scattered" for source times
// that differ from node to node.
"use strict";
const { OPCUAServer, OPCUACertificateManager, Variant, DataType, DataValue, StatusCodes } = require("node-opcua");
const readline = require("readline");

const [port, count, periodMs, folder] = [Number(process.argv[2]), Number(process.argv[3]), Number(process.argv[4]), process.argv[5]];
const scattered = process.argv[6] === "scattered";
const say = (message) => process.stdout.write(JSON.stringify(message) + "\n");

async function main() {
  const certificates = new OPCUACertificateManager({ rootFolder: folder, automaticallyAcceptUnknownCertificate: true });
  await certificates.initialize();
  const server = new OPCUAServer({
    port,
    hostname: "127.0.0.1",
    resourcePath: "/",
    serverCertificateManager: certificates,
    userManager: { isValidUser: (user, password) => user === "technician" && password === "right" },
    serverCapabilities: { maxSessions: 100, maxMonitoredItemsPerSubscription: 5000 },
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  const namespace = space.registerNamespace("urn:hydronest:peer");
  const folderNode = namespace.addFolder("ObjectsFolder", { browseName: "Hydrants" });
  const nodes = [];
  const shown = [];
  for (let i = 0; i < count; i++) {
    const node = namespace.addVariable({
      organizedBy: folderNode,
      browseName: `P${i}`,
      nodeId: `s=P${i}`,
      dataType: "Double",
      minimumSamplingInterval: 10,
    });
    const at = new Date();
    node.setValueFromSource(new Variant({ dataType: DataType.Double, value: 0 }), StatusCodes.Good, at);
    if (count <= 50) space.installHistoricalDataNode(node, { maxOnlineValues: 20000 });
    nodes.push(node);
    shown.push([[at.getTime(), 0]]);
  }
  let tick = 0;
  const move = () => {
    tick += 1;
    const at = new Date();
    for (let i = 0; i < count; i++) {
      const value = (tick % 10000) + i / 10000;
      const when = scattered ? new Date(at.getTime() - (i * 11) % periodMs) : at;
      nodes[i].setValueFromSource(new Variant({ dataType: DataType.Double, value }), StatusCodes.Good, when);
      if (count <= 50) shown[i].push([at.getTime(), value]);
    }
  };
  await server.start();
  setInterval(move, periodMs);
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const order = JSON.parse(line);
    if (order.ask === "shown") say({ shown: shown[order.node] });
    if (order.ask === "sessions") {
      say({
        sessions: server.engine.currentSessionCount,
        items: server.engine._sessions
          ? Object.values(server.engine._sessions).map((s) => s.currentMonitoredItemCount)
          : [],
      });
    }
    if (order.ask === "cpu") say({ cpu: process.cpuUsage() });
  }).on("close", () => process.exit(0));
  say({ ready: true, certificate: server.getCertificate().toString("base64") });
}
main().catch((error) => { say({ error: String(error) }); process.exit(1); });
