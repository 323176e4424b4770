/* A Modbus server on Debian's libmodbus: "tcp PORT" or "rtu PATH BAUD UNIT". Prints "ready" once it listens.
   holding[i] = 257 i + 1, input[i] = 73 i + 5, coil[i] = i % 3 == 0, discrete[i] = i % 5 == 0; 200 of each. */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT 200

int main(int argc, char **argv) {
    int tcp = argc > 2 && strcmp(argv[1], "tcp") == 0;
    modbus_t *ctx = tcp ? modbus_new_tcp("127.0.0.1", atoi(argv[2])) : modbus_new_rtu(argv[2], atoi(argv[3]), 'N', 8, 1);
    if (ctx == NULL) return 1;
    if (!tcp) modbus_set_slave(ctx, atoi(argv[4]));
    modbus_mapping_t *map = modbus_mapping_new(COUNT, COUNT, COUNT, COUNT);
    if (map == NULL) return 1;
    for (int i = 0; i < COUNT; i++) {
        map->tab_registers[i] = 257 * i + 1;
        map->tab_input_registers[i] = 73 * i + 5;
        map->tab_bits[i] = i % 3 == 0;
        map->tab_input_bits[i] = i % 5 == 0;
    }
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int listening = -1;
    if (tcp) {
        listening = modbus_tcp_listen(ctx, 1);
        if (listening < 0) return 1;
    } else if (modbus_connect(ctx) < 0) {
        return 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        if (tcp && modbus_tcp_accept(ctx, &listening) < 0) return 1;
        for (;;) {
            int size = modbus_receive(ctx, query);
            if (size > 0) {
                modbus_reply(ctx, query, size, map);
            } else if (size < 0 && tcp) {
                modbus_close(ctx);
                break;
            } else if (size < 0 && errno != EMBBADCRC && errno != ETIMEDOUT) {
                return 0;
            }
        }
    }
}
