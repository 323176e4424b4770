"""What `hydronest key` says."""

TEXTS = {
    "the keys of the site file, and which are revoked": "站点文件中的密钥, 以及哪些已吊销",
    "believe a key no more, from now on and for good": "立即且永久不再信任某个密钥",
    "do not ask": "不再询问",
    "key": "密钥",
    "person": "人员",
    "role": "角色",
    "believed": "可信",
    "revoked": "已吊销",
    "yes": "是",
    "the site file has no keys": "站点文件中没有密钥",
    "Believe nothing that is signed with {key} any more? It is for good.": "不再信任由 {key} 签名的任何内容? 此操作不可撤回。",
    "{key} is revoked: take it out of the site file, too": "{key} 已吊销: 请同时从站点文件中删除",
}
