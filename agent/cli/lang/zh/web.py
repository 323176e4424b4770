"""What `hydronest web` says."""

TEXTS = {
    "another link: whoever has it may look, and change nothing": "生成新链接: 持有者可以查看, 不能更改任何内容",
    "30m, 12h or 7d; 12h otherwise": "30m、12h 或 7d; 默认 12h",
    "who is to have it": "给谁使用",
    "how the browser reaches this gateway, where that is not as the settings say": "浏览器访问本网关的地址, 与设置不同时填写",
    "without the QR code": "不显示二维码",
    "every link that counts": "所有有效的链接",
    "take a link back at once; --all takes every one": "立即收回链接; --all 收回全部",
    "every link": "全部链接",
    "--for {span}: write 30m, 12h or 7d": "--for {span}: 请写 30m、12h 或 7d",
    "Link {id} counts for {time}. Whoever has it may look: pass it on like a key.": "链接 {id} 有效期 {time}。持有者即可查看: 请像钥匙一样保管。",
    "(the window is too narrow for the QR code)": "(窗口太窄, 无法显示二维码)",
    "person": "人员",
    "may": "权限",
    "counts for": "剩余有效期",
    "no link counts: hydronest web link makes one": "没有有效的链接: 用 hydronest web link 生成",
    "The pages are at {address}": "页面地址: {address}",
    "say which link, or --all": "请指明链接, 或用 --all",
    "revoked: {ids}": "已收回: {ids}",
    "this site has no pages: the site file has no [web]": "本站点没有页面: 站点文件中没有 [web]",
    "Add [web] to it, then: hydronest reload": "请在站点文件中加入 [web], 然后: hydronest reload",
}
