/* The privileged and ordering instructions that C has no words for, one function for each. */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

#define CPUS 2
#define STACK_SHIFT 14

#define PORT_DEBUG_EXIT 0x0F4

static inline void disableInterrupts(void) { __asm__ volatile("cli" ::: "memory"); }

static inline void enableInterrupts(void) { __asm__ volatile("sti" ::: "memory"); }

/* HLT stands in the shadow of STI: no interrupt can slip in between the two. */
static inline void enableInterruptsAndHalt(void) { __asm__ volatile("sti\n\thlt" ::: "memory"); }

static inline void pause(void) { __asm__ volatile("pause" ::: "memory"); }

static inline _Noreturn void haltForever(void) {
    for (;;) {
        __asm__ volatile("cli\n\thlt" ::: "memory");
    }
}

static inline void outByte(uint16_t port, uint8_t value) {
    __asm__ volatile("out dx, al" ::"a"(value), "d"(port) : "memory");
}

static inline uint8_t inByte(uint16_t port) {
    uint8_t value;
    __asm__ volatile("in al, dx" : "=a"(value) : "d"(port) : "memory");
    return value;
}

static inline void outDword(uint16_t port, uint32_t value) {
    __asm__ volatile("out dx, eax" ::"a"(value), "d"(port) : "memory");
}

static inline void writeMsr(uint32_t msr, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t) value), "d"((uint32_t) (value >> 32)) : "memory");
}

/* Ends the machine with this status; a machine without the debug-exit port halts instead. */
static inline _Noreturn void debugExit(uint32_t status) {
    outDword(PORT_DEBUG_EXIT, status);
    haltForever();
}

#endif
