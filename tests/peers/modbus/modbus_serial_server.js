// A Modbus server on npm's modbus-serial: "tcp PORT". Same values as libmodbus_server.c. Prints "ready".
const { ServerTCP } = require("modbus-serial");

const COUNT = 200;
const inside = (address) => {
    if (address >= COUNT) throw Object.assign(new Error("illegal address"), { modbusErrorCode: 2 });
    return address;
};
const vector = {
    getHoldingRegister: (address) => (257 * inside(address) + 1) & 0xffff,
    getInputRegister: (address) => (73 * inside(address) + 5) & 0xffff,
    getCoil: (address) => inside(address) % 3 === 0,
    getDiscreteInput: (address) => inside(address) % 5 === 0,
};
const server = new ServerTCP(vector, { host: "127.0.0.1", port: Number(process.argv[3]), unitID: 1 });
server.on("initialized", () => console.log("ready"));
