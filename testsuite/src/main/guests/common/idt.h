/* A 64-bit interrupt descriptor table (SDM, Interrupt and Exception Handling, 64-Bit Mode IDT). */
#ifndef IDT_H
#define IDT_H

#include <stdint.h>

#define VECTORS 256
#define CODE_SELECTOR 0x08
#define INTERRUPT_GATE 0x8E

typedef struct {
    uint16_t offsetLow;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offsetMiddle;
    uint32_t offsetHigh;
    uint32_t reserved;
} Gate;

_Static_assert(sizeof(Gate) == 16, "a 64-bit gate has 16 bytes");

static inline void setGate(Gate *idt, unsigned vector, const void *handler) {
    uint64_t offset = (uintptr_t) handler;
    idt[vector] = (Gate){
        .offsetLow = (uint16_t) offset,
        .selector = CODE_SELECTOR,
        .type = INTERRUPT_GATE,
        .offsetMiddle = (uint16_t) (offset >> 16),
        .offsetHigh = (uint32_t) (offset >> 32),
    };
}

static inline void loadIdt(const Gate *idt) {
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } descriptor = {VECTORS * sizeof(Gate) - 1, (uintptr_t) idt};
    __asm__ volatile("lidt %0" ::"m"(descriptor) : "memory");
}

#endif
