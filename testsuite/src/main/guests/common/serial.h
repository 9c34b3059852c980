/* Output on the first serial port, a UART 16550. */
#ifndef SERIAL_H
#define SERIAL_H

#include "cpu.h"

#define PORT_THR 0x3F8
#define PORT_LSR 0x3FD
#define LSR_THR_EMPTY 0x20

static inline void print(const char *text) {
    for (; *text; text++) {
        while (!(inByte(PORT_LSR) & LSR_THR_EMPTY)) {
            pause();
        }
        outByte(PORT_THR, (uint8_t) *text);
    }
}

#endif
