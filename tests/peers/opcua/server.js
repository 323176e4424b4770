// An independent OPC UA server: hydrants that move, with history. Orders come as JSON lines on stdin, answers on stdout.
// Arguments: port, count of nodes, period in ms between moves, folder for certificates, and as JSON:
// "scattered" for source times that differ from node to node, the "limit" of operations in a call, up to how many nodes
// there is "history", "late" for a namespace and nodes that are not there yet, "dressed" for values in other clothes:
// a structure with structures in it, an array, a date, a text in a language.
"use strict";
const { OPCUAServer, OPCUACertificateManager, Variant, VariantArrayType, DataType, StatusCodes, nodesets } = require("node-opcua");
const readline = require("readline");

const BORN = -1;

const [port, count, periodMs, folder] = [Number(process.argv[2]), Number(process.argv[3]), Number(process.argv[4]), process.argv[5]];
const { scattered, limit, late, dressed, history = 50 } = JSON.parse(process.argv[6] || "{}");
const say = (message) => process.stdout.write(JSON.stringify(message) + "\n");

async function main() {
  const certificates = new OPCUACertificateManager({ rootFolder: folder, automaticallyAcceptUnknownCertificate: true });
  await certificates.initialize();
  const server = new OPCUAServer({
    port,
    hostname: "127.0.0.1",
    resourcePath: "/",
    serverCertificateManager: certificates,
    ...(dressed && { nodeset_filename: [nodesets.standard, `${__dirname}/types.xml`] }),
    userManager: { isValidUser: (user, password) => user === "technician" && password === "right" },
    serverCapabilities: {
      maxSessions: 100,
      maxMonitoredItemsPerSubscription: 5000,
      ...(limit && {
        operationLimits: {
          maxNodesPerRead: limit,
          maxNodesPerHistoryReadData: limit,
          maxMonitoredItemsPerCall: limit,
          maxNodesPerBrowse: limit,
        },
      }),
    },
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  let namespace, folderNode;
  const nodes = [];
  const shown = [];
  const still = {};
  const enter = () => {
    namespace = space.registerNamespace("urn:hydronest:peer");
    folderNode = namespace.addFolder("ObjectsFolder", { browseName: "Hydrants" });
  };
  const make = (i, at = new Date()) => {
    const node = namespace.addVariable({
      organizedBy: folderNode,
      browseName: `P${i}`,
      nodeId: `s=P${i}`,
      dataType: "Double",
      minimumSamplingInterval: 10,
    });
    // not 0, which it has already: what is set anew to the same keeps a time of node-opcua's own
    node.setValueFromSource(new Variant({ dataType: DataType.Double, value: BORN }), StatusCodes.Good, at);
    if (count <= history) space.installHistoricalDataNode(node, { maxOnlineValues: 20000 });
    nodes[i] = node;
    shown[i] = shown[i] || [];
    shown[i].push([at.getTime(), BORN]);
  };
  // What a node showed in its last moments the server's own look at it, each 50 ms, may come too late for: it stands
  // still for three of them first, which come before this timer however busy the machine is.
  const remove = (i, then) => {
    still[i] = true;
    setTimeout(() => {
      deleted(i);
      still[i] = false;
      then();
    }, 150);
  };
  const deleted = (i) => {
    namespace.deleteNode(nodes[i]);
    nodes[i] = null;
  };
  if (!late) {
    enter();
    const at = new Date(); // one moment, as each move later
    for (let i = 0; i < count; i++) make(i, at);
  }
  let tick = 0;
  const dress = (name, dataType, more = {}) =>
    namespace.addVariable({ organizedBy: folderNode, browseName: name, nodeId: `s=${name}`, dataType, ...more });
  let station, levels, when, title;
  if (dressed) {
    const types = space.getNamespaceIndex("urn:hydronest:peer:types");
    station = dress("Station", space.findDataType("Station", types));
    levels = dress("Levels", "Double", { valueRank: 1 });
    when = dress("When", "DateTime");
    title = dress("Title", "LocalizedText");
  }
  const move_dressed = (at) => {
    const types = space.getNamespaceIndex("urn:hydronest:peer:types");
    const sensor = (pressure) =>
      space.constructExtensionObject(space.findDataType("Sensor", types), { pressure, levels: [1.5, tick], mode: 1 });
    const shown = space.constructExtensionObject(space.findDataType("Station", types), {
      name: { locale: "de", text: `Hydrant ${tick}` },
      sensors: [sensor(100 + tick), sensor(200 + tick)],
      serviced: new Date("2026-05-04T03:02:01Z"), // its optional battery stays away
    });
    station.setValueFromSource(new Variant({ dataType: DataType.ExtensionObject, value: shown }), StatusCodes.Good, at);
    const array = { dataType: DataType.Double, arrayType: VariantArrayType.Array, value: new Float64Array([0.25, tick]) };
    levels.setValueFromSource(new Variant(array), StatusCodes.Good, at);
    when.setValueFromSource(new Variant({ dataType: DataType.DateTime, value: at }), StatusCodes.Good, at);
    const text = { locale: "zh", text: `第 ${tick} 号` };
    title.setValueFromSource(new Variant({ dataType: DataType.LocalizedText, value: text }), StatusCodes.Good, at);
  };
  if (dressed) move_dressed(new Date());
  const move = () => {
    tick += 1;
    const at = new Date();
    if (dressed) move_dressed(at);
    for (let i = 0; i < count; i++) {
      if (!nodes[i] || still[i]) continue;
      const value = (tick % 10000) + i / 10000;
      const when = scattered ? new Date(at.getTime() - (i * 11) % periodMs) : at;
      nodes[i].setValueFromSource(new Variant({ dataType: DataType.Double, value }), StatusCodes.Good, when);
      if (count <= history) shown[i].push([at.getTime(), value]);
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
    if (order.do === "enter") enter();
    if (order.do === "make") make(order.node);
    const done = () => say({ done: order.do });
    if (order.do === "remove") remove(order.node, done);
    else if (order.do === "remake") remove(order.node, () => (make(order.node), done()));
    else if (order.do) done();
    if (order.ask === "cpu") say({ cpu: process.cpuUsage() });
  }).on("close", () => process.exit(0));
  say({ ready: true, certificate: server.getCertificate().toString("base64") });
}
main().catch((error) => { say({ error: String(error) }); process.exit(1); });
