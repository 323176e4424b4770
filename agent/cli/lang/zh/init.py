"""What `hydronest init` says, and writes beside the keys."""

TEXTS = {
    "ask ten questions and write the site file of this gateway": "问十个问题, 写出本网关的站点设置文件",
    "Nothing is written before every question is answered, and never over a file that is there.": (
        "全部答完才写文件, 已有的文件绝不覆盖。"
    ),
    "{file} is there already": "{file} 已经存在",
    "Change it with an editor, then: hydronest check": "请用编辑器修改, 然后: hydronest check",
    "{file} is written": "已写出 {file}",
    "Next: write the devices into it (hydronest bus scan finds them), then": (
        "下一步: 把设备写进去 (hydronest bus scan 可找出它们), 然后"
    ),
    "nothing was written: not every question was answered": "什么也没写: 有问题没有答",
    "letters, digits and . _ - only, at most 40": "只能用字母、数字和 . _ -, 最多 40 个",
    "a name, of 60 letters at most": "名称, 最多 60 个字",
    "1/10 What is this gateway called?": "1/10 本网关的标识",
    "2/10 The station's name": "2/10 消防站名称",
    "3/10 Its short name in messages": "3/10 消防站在报文中的短名",
    "4/10 Its district (nothing: none)": "4/10 所属区县 (可不填)",
    "5/10 Where are your places from? wgs84: a GPS receiver, gcj02: a Chinese map, bd09: Baidu": (
        "5/10 坐标取自哪里? wgs84: GPS 接收机, gcj02: 国内地图, bd09: 百度"
    ),
    "6/10 Where does the station stand? LON,LAT in degrees": "6/10 消防站位置: 经度,纬度 (度)",
    "7/10 Its lines: numbers of these ports, HOST or HOST:PORT of a Modbus TCP device, rtu://HOST:PORT of a converter, "
    "opc.tcp://HOST:PORT of an OPC UA server (nothing: later)": (
        "7/10 线路: 填以上串口的编号, Modbus TCP 设备的 主机 或 主机:端口, 串口服务器 rtu://主机:端口, "
        "OPC UA 服务器 opc.tcp://主机:端口 (以后再填可直接回车)"
    ),
    "(there is no serial port here)": "(本机没有串口)",
    "HOST or HOST:PORT, rtu://HOST:PORT, opc.tcp://HOST:PORT, or a number of the list": (
        "主机 或 主机:端口, rtu://主机:端口, opc.tcp://主机:端口, 或列表中的编号"
    ),
    "ours, as the centre has given it": "本网关的编号, 由中心分配",
    "it has no proof of its own of who speaks: TLS, or a VPN": "协议本身不能证明对方身份: 用 TLS 或 VPN",
    "each device, as it is on the centre's list": "每台设备在中心登记的部件",
    "not encrypted yet: hydronest opcua trust, then security and server_certificate_file": (
        "尚未加密: 先 hydronest opcua trust, 再写 security 和 server_certificate_file"
    ),
    "8/10 Their baud rate and parity": "8/10 波特率和校验",
    "9/10 The platform's MQTT broker, HOST or HOST:PORT; a fire centre, gb26875://HOST:PORT/OUR-NUMBER (nothing: later)": (
        "9/10 平台的 MQTT 代理: 主机 或 主机:端口; 消防监控中心: gb26875://主机:端口/本机编号 (以后再填可直接回车)"
    ),
    "10/10 Does it speak TLS? yes or no": "10/10 用 TLS 吗? 是/否 (yes/no)",
    "that is not in China (longitude comes first); for other places the file is written by hand": (
        "该位置不在中国 (经度在前); 其他地方请手工写设置文件"
    ),
    "such as 9600 E: 1200 to 115200, and N, E or O": "例如 9600 E: 1200 到 115200, 校验 N、E 或 O",
    "HOST or HOST:PORT, such as iot.example.org:8883; a fire centre as gb26875://HOST:PORT/OUR-NUMBER": (
        "主机 或 主机:端口, 例如 iot.example.org:8883; 消防监控中心写 gb26875://主机:端口/本机编号"
    ),
    "The station. After every change:  hydronest check": "本站设置。每次修改后运行:  hydronest check",
    "All keys and an example: /usr/share/doc/hydronest/docs/settings.md, /usr/share/doc/hydronest/examples": (
        "全部设置项与示例: /usr/share/doc/hydronest/docs/settings.md、/usr/share/doc/hydronest/examples"
    ),
    "goes with every message; never change it once it has sent": "随每条报文上传; 启用后不要再改",
    "of every place in this file: wgs84, gcj02 (Chinese maps), bd09 (Baidu)": (
        "本文件所有坐标的坐标系: wgs84、gcj02 (国内地图)、bd09 (百度)"
    ),
    "hydronest bus ports lists them": "可用 hydronest bus ports 查看",
    'write {{ ca_file = "ca.pem" }} where the authority is your own': '自建 CA 的写 {{ ca_file = "ca.pem" }}',
    "mode 600, owner hydronest": "权限 600, 属主 hydronest",
    "A device: hydronest bus scan finds its unit, hydronest profile list its make.": (
        "设备: 站号用 hydronest bus scan 查找, 型号用 hydronest profile list 查看。"
    ),
}
