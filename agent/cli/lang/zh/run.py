"""What `hydronest run` says."""

TEXTS = {
    "say more": "多说一些",
}
