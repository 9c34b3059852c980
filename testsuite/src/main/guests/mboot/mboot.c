/*
 * A multiboot test image: command line, long mode, exceptions, and a second processor. What it prints with two processors:
 *
 *     VTXray multiboot test
 *     command line: <as the loader gave it>
 *     ud2: ok
 *     int3: ok
 *     ap online
 *
 * It leaves by OUT 0F4H with status 0, or with the status below of the first step that went wrong.
 */
#include "../common/apic.h"
#include "../common/idt.h"
#include "../common/serial.h"

#define VECTOR_BREAKPOINT 3
#define VECTOR_INVALID_OPCODE 6

#define STATUS_NO_INVALID_OPCODE 1
#define STATUS_NO_BREAKPOINT 2
#define STATUS_NO_AP 3
#define STATUS_AP_EXCEPTION 4

#define INIT_ALL_BUT_SELF 0x000C4500u
#define STARTUP_AT_0_ALL_BUT_SELF 0x000C0600u
#define AP_PATIENCE 10000000

/* The fields of the multiboot information structure up to the one that is used. */
typedef struct {
    uint32_t flags;
    uint32_t memLower;
    uint32_t memUpper;
    uint32_t bootDevice;
    uint32_t commandLine;
} MultibootInfo;

extern const uint8_t trampoline[];
extern const uint8_t trampolineEnd[];
extern const uint8_t invalidOpcodeEntry[];
extern const uint8_t breakpointEntry[];

/* Counted by the handlers, by whichever CPU took the exception. */
volatile uint32_t invalidOpcodes;
volatile uint32_t breakpoints;

static volatile uint32_t apsOnline;
static Gate idt[VECTORS] __attribute__((aligned(16)));

_Noreturn void bootMain(const MultibootInfo *info);
void apMain(void);

static void raiseInvalidOpcode(void) { __asm__ volatile("ud2" ::: "memory"); }

static void raiseBreakpoint(void) { __asm__ volatile("int3" ::: "memory"); }

static void check(const char *name, int passed, uint32_t status) {
    print(name);
    print(passed ? ": ok\n" : ": FAILED\n");
    if (!passed) {
        debugExit(status);
    }
}

static void testExceptions(void) {
    setGate(idt, VECTOR_BREAKPOINT, breakpointEntry);
    setGate(idt, VECTOR_INVALID_OPCODE, invalidOpcodeEntry);
    loadIdt(idt);
    raiseInvalidOpcode();
    check("ud2", invalidOpcodes == 1, STATUS_NO_INVALID_OPCODE);
    raiseBreakpoint();
    check("int3", breakpoints == 1, STATUS_NO_BREAKPOINT);
}

static void sendToAllButSelf(uint32_t command) {
    while (readApic(APIC_ICR_LOW) & ICR_DELIVERY_PENDING) {
        pause();
    }
    writeApic(APIC_ICR_HIGH, 0);
    writeApic(APIC_ICR_LOW, command);
}

/* Physical address 0 is a null pointer to C, so the copy is made in assembly language. */
static void copyTrampoline(void) {
    const uint8_t *from = trampoline;
    uint64_t to = 0;
    uint64_t length = (uint64_t) (trampolineEnd - trampoline);
    __asm__ volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(length)::"memory");
}

static void startAp(void) {
    copyTrampoline();
    writeApic(APIC_SVR, SVR_ENABLED_SPURIOUS_FF);
    sendToAllButSelf(INIT_ALL_BUT_SELF);
    sendToAllButSelf(STARTUP_AT_0_ALL_BUT_SELF);
    for (unsigned patience = AP_PATIENCE; !apsOnline && patience; patience--) {
        pause();
    }
    if (!apsOnline) {
        print("no ap\n");
        debugExit(STATUS_NO_AP);
    }
    print("ap online\n");
}

/* An application processor shows that it can take an exception, too, before it reports. */
void apMain(void) {
    loadIdt(idt);
    raiseInvalidOpcode();
    __atomic_fetch_add(&apsOnline, 1, __ATOMIC_SEQ_CST);
}

_Noreturn void bootMain(const MultibootInfo *info) {
    print("VTXray multiboot test\ncommand line: ");
    print((const char *) (uintptr_t) info->commandLine);
    print("\n");
    testExceptions();
    startAp();
    debugExit(invalidOpcodes > 1 ? 0 : STATUS_AP_EXCEPTION);
}
