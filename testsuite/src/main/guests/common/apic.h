/*
 * The local APIC. Each access of its page is one MOV of 32 bits, written in assembly language so that the compiler cannot
 * fold it into another instruction: a hypervisor that emulates the page needs to know MOV only.
 */
#ifndef APIC_H
#define APIC_H

#include "cpu.h"

#define APIC_PAGE 0xFEE00000u

#define APIC_EOI 0x0B0
#define APIC_SVR 0x0F0
#define APIC_ICR_LOW 0x300
#define APIC_ICR_HIGH 0x310

#define X2APIC_EOI 0x80B
#define X2APIC_SVR 0x80F
#define X2APIC_ICR 0x830

#define ICR_DELIVERY_PENDING (1u << 12)
#define ICR_ASSERT (1u << 14)
#define SVR_ENABLED_SPURIOUS_FF 0x1FFu

#define APIC_REGISTER(offset) (*(volatile uint32_t *) (uintptr_t) (APIC_PAGE + (offset)))

static inline uint32_t readApic(uint32_t offset) {
    uint32_t value;
    __asm__ volatile("mov %0, %1" : "=r"(value) : "m"(APIC_REGISTER(offset)) : "memory");
    return value;
}

static inline void writeApic(uint32_t offset, uint32_t value) {
    __asm__ volatile("mov %0, %1" : "=m"(APIC_REGISTER(offset)) : "ri"(value) : "memory");
}

#endif
