"""What to do about a reason that the agent itself gives: by its code, else by its topic."""

from collections.abc import Iterator

from protocols.reason import Fact, Reason

BY_CODE = {
    "modbus.no_such_port": "doctor.do_plug_in",
    "modbus.unplugged": "doctor.do_plug_in",
    "modbus.port_not_allowed": "doctor.do_dialout",
    "modbus.port_in_use": "doctor.do_free_port",
    "modbus.port_settings": "doctor.do_other_baud",
    "modbus.port_has_no_rs485": "doctor.do_rs485_adapter",
    "modbus.two_devices": "doctor.do_one_address",
    "modbus.copies": "doctor.do_repeater",
    "modbus.another_device": "doctor.do_right_device",
    "modbus.another_device_there": "doctor.do_right_device",
    "modbus.overloaded": "doctor.do_read_less",
    "modbus.not_tcp": "doctor.do_rtu_tcp",
    "mqtt.reason_85": "doctor.do_client_id",
    "mqtt.reason_86": "doctor.do_password",
    "mqtt.reason_87": "doctor.do_password",
    "mqtt.reason_8a": "doctor.do_ask_broker",
    "mqtt.reason_8e": "doctor.do_own_id",
    "mqtt.reason_97": "doctor.do_ask_broker",
    "mqtt.refuses_topic": "doctor.do_rules",
    "mqtt.refuses_subscribing": "doctor.do_rules",
    "mqtt.empty_password": "doctor.do_password",
    "mqtt.no_greeting": "doctor.do_right_port",
    "mqtt.not_mqtt": "doctor.do_right_port",
    "beidou.no_card": "doctor.do_terminal",
    "beidou.not_sent": "doctor.do_terminal",
    "beidou.silent": "doctor.do_terminal",
    "beidou.time_refused": "doctor.do_clock_show",
    "gb.denied_each_time": "doctor.do_seats",
    "gb.not_connected": "doctor.do_network",
    "uplink.nobody_subscribed": "doctor.do_subscribe",
    "uplink.not_acknowledged": "doctor.do_platform",
    "uplink.platform_refuses": "doctor.do_platform",
    "opcua.must_trust_us": "doctor.do_be_trusted",
    "opcua.another_certificate": "doctor.do_trust",
    "opcua.needs_trust": "doctor.do_trust",
    "opcua.trust_first": "doctor.do_trust",
    "opcua.certificate_expired": "doctor.do_their_certificate",
    "opcua.certificate_expires": "doctor.do_their_certificate",
    "opcua.own_certificate_expires": "doctor.do_our_certificate",
    "opcua.password_refused": "doctor.do_password",
    "opcua.nothing_listens": "doctor.do_far_end_runs",
    "opcua.unknown_host": "doctor.do_name",
    "nest.program_stands_still": "doctor.do_plc_runs",
    "nest.stopped_answering": "doctor.do_nest_power",
    "doctor.no_name": "doctor.do_name",
    "doctor.refused": "doctor.do_far_end_runs",
    "doctor.unreachable": "doctor.do_network",
    "doctor.closed_in_handshake": "doctor.do_plain_or_tls",
    "tls.WRONG_VERSION_NUMBER": "doctor.do_plain_or_tls",
    "tls.HTTP_REQUEST": "doctor.do_plain_or_tls",
    "tls.certificate_expired": "doctor.do_their_certificate",
    "tls.certificate_not_yet_valid": "doctor.do_clock_or_certificate",
    "tls.certificate_other_host": "doctor.do_server_name",
    "tls.certificate_other_address": "doctor.do_server_name",
    "tls.certificate_no_local_issuer": "doctor.do_authority",
    "tls.certificate_no_issuer": "doctor.do_authority",
    "tls.certificate_self_signed": "doctor.do_authority",
    "tls.certificate_self_signed_in_chain": "doctor.do_authority",
    "tls.certificate_first_unverifiable": "doctor.do_authority",
    "tls.certificate_bad_signature": "doctor.do_authority",
    "tls.TLSV13_ALERT_CERTIFICATE_REQUIRED": "doctor.do_our_certificate",
    "tls.SSLV3_ALERT_BAD_CERTIFICATE": "doctor.do_our_certificate",
    "tls.SSLV3_ALERT_CERTIFICATE_EXPIRED": "doctor.do_our_certificate",
    "tls.TLSV1_ALERT_UNKNOWN_CA": "doctor.do_our_certificate",
    "tls.KEY_VALUES_MISMATCH": "doctor.do_our_certificate",
    "sqlite.full": "doctor.do_make_room",
    "errno.ENOSPC": "doctor.do_make_room",
    "errno.EROFS": "doctor.do_remount",
    "errno.EIO": "doctor.do_replace_card",
    "sqlite.disk": "doctor.do_replace_card",
    "sqlite.corrupt": "doctor.do_replace_card",
    "errno.ECONNREFUSED": "doctor.do_far_end_runs",
    "errno.EHOSTUNREACH": "doctor.do_network",
    "errno.ENETUNREACH": "doctor.do_network",
    "errno.ETIMEDOUT": "doctor.do_network",
    "process.another": "doctor.do_one_agent",
}
BY_TOPIC = {
    "dns": "doctor.do_name",
    "modbus": "doctor.do_bus_stats",
    "mqtt": "doctor.do_ask_broker",
    "tls": "doctor.do_plain_or_tls",
    "opcua": "doctor.do_opcua_browse",
    "journal": "doctor.do_journal_verify",
}
PLAIN = "doctor.do_log"


def remedy_of(why: Reason) -> Reason:
    """The next step: that of the innermost reason that has one of its own."""
    codes = [reason.code for reason in _inwards(why)]
    for code in reversed(codes):
        if code in BY_CODE:
            return Reason(BY_CODE[code])
    topics = (code.partition(".")[0] for code in codes)
    return Reason(next((BY_TOPIC[topic] for topic in topics if topic in BY_TOPIC), PLAIN))


def _inwards(why: Reason) -> Iterator[Reason]:
    yield why
    for fact in why.facts.values():
        yield from _within(fact)


def _within(fact: Fact) -> Iterator[Reason]:
    if isinstance(fact, Reason):
        yield from _inwards(fact)
    elif isinstance(fact, tuple):
        for one in fact:
            yield from _within(one)
