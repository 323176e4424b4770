"""What `hydronest opcua` says."""

TEXTS = {
    "look at the server's certificate and accept it, once": "查看服务器证书并确认信任 (只需一次)",
    "the nodes of the server, as a profile names them": "服务器的节点, 写法与设备模板一致",
    "what nodes say now, with status and time": "节点当前值、状态和时间",
    "an OPC UA line of the site file, or opc.tcp://HOST:PORT/": "站点文件中的 OPC UA 线路, 或 opc.tcp://主机:端口/",
    "keep the certificate here (with an address instead of a line)": "证书保存位置 (直接写地址时需要)",
    "accept only this one, without asking": "只接受此指纹, 不再询问",
    "do not ask": "不再询问",
    "where to begin (i=85: Objects)": "起始节点 (i=85: Objects)",
    "how deep, 1 to 10 (3)": "层数, 1 到 10 (3)",
    "the server shows no certificate: it offers no security": "服务器没有证书: 它不提供加密",
    "the server shows another certificate than {wanted}": "服务器的证书不是 {wanted}",
    "where shall the certificate be kept?": "证书保存到哪里?",
    "Name a file with --to.": "用 --to 指定文件.",
    "Compare the fingerprint with the one the server's own screen or its maker tells you.": (
        "请与服务器界面或厂家提供的指纹核对."
    ),
    "Believe this server from now on?": "从现在起信任这台服务器?",
    "kept at {kept_at}": "已保存到 {kept_at}",
    "--depth: 1 to 10": "--depth: 1 到 10",
    "node": "节点",
    "value": "值",
    "type": "类型",
    "status": "状态码",
    "source time": "源时间",
    "history": "历史",
    "server": "服务器",
    "issued to": "颁发给",
    "valid until": "有效期至",
    "fingerprint": "指纹",
}
