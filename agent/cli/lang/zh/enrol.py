"""What `hydronest enrol` says."""

TEXTS = {
    "{gateway} is no id of a gateway: letters, digits and . _ - only, at most 40": (
        "{gateway} 不能作网关标识: 只能用字母、数字和 . _ -, 最多 40 个"
    ),
    "make a key and a request; with an old certificate, proof that it asks": (
        "生成私钥和申请; 已有证书时附上由其提出的证明"
    ),
    "its id, as in the site file: the certificate's name": "网关编号, 与设置文件一致: 即证书名称",
    "put the answer in place, beside whoever signed it": "安装签发的证书及其颁发机构",
    "whoever signs, at the first time; pinned from then on": "首次指定颁发机构; 此后固定",
    "how long the certificate is good": "证书有效期还有多久",
    "otherwise": "缺省",
    "for whoever signs: does an old certificate of that gateway ask": "供签发方使用: 申请是否由该网关的旧证书提出",
    "that signed the old one": "签发旧证书的机构",
    "after its end; 30 otherwise": "到期后的宽限; 缺省 30",
    "Send these to whoever signs for the broker. The key stays in {folder}.": (
        "请把这些文件交给消息服务器的签发方。私钥留在 {folder}。"
    ),
    "gateway": "网关",
    "good until": "有效至",
    "authority": "颁发机构",
    "Compare the authority with what you were told. The uplink uses the files at its next connect.": (
        "请与告知您的颁发机构指纹核对。上行在下次连接时使用这些文件。"
    ),
    "file": "文件",
    "days": "天",
    "{gateway} asks, and proves it by its old certificate": "{gateway} 提出申请, 并由旧证书证明",
    "Run it with sudo.": "请用 sudo 运行。",
}
