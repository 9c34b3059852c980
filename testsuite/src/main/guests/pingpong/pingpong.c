/* Two CPUs wake each other by IPIs, the way Linux does it in xAPIC mode. pingpong.h describes what they agree on. */
#include "pingpong.h"

#include "../common/apic.h"
#include "../common/idt.h"

#define CACHE_LINE 64
#define VECTOR_MIN 0x20
#define VECTOR_MAX 0xFE
#define EVENT_ENTRY_SHIFT 4

/* What one CPU owns and the other may touch, on a cache line of its own as in any real kernel. */
typedef struct {
    volatile uint64_t semaphore;
    volatile uint64_t wakeUps;
} __attribute__((aligned(CACHE_LINE))) Mailbox;

extern const uint8_t stacks[];
extern const uint8_t wakeUpEntry[];
extern const uint8_t eventEntries[];

static PingPong *block;
static Mailbox mailboxes[CPUS];
static Gate idts[CPUS][VECTORS] __attribute__((aligned(16)));
static uint8_t chain[SHA256_BYTES + sizeof(uint64_t)];

_Noreturn void guestMain(unsigned cpu, PingPong *parameters);
void onWakeUp(void);
_Noreturn void onUnexpectedEvent(unsigned vector);

/* Interrupt handlers run on the stack of the CPU that they interrupt. */
static unsigned currentCpu(void) {
    return (unsigned) (((uintptr_t) __builtin_frame_address(0) - (uintptr_t) stacks) >> STACK_SHIFT);
}

/* Each CPU reports its own status; the address comes as a parameter because `block` is set after the checks only. */
static _Noreturn void finish(unsigned cpu, PingPong *parameters, uint64_t status) {
    disableInterrupts();
    parameters->received[cpu] = mailboxes[cpu].wakeUps;
    parameters->status[cpu] = status;
    parameters->finished[cpu] = 1;
    if (parameters->finishMode == FINISH_VMCALL) {
        uint64_t call = VMCALL_DONE;
        __asm__ volatile("vmcall" : "+a"(call) : "b"(status) : "memory");
    } else if (cpu == 0) {
        while (!parameters->finished[1]) {
            pause();
        }
        debugExit((uint32_t) (parameters->status[0] | parameters->status[1]));
    }
    haltForever();
}

static void endOfInterrupt(void) {
    if (block->apicMode == APIC_MODE_X2APIC) {
        writeMsr(X2APIC_EOI, 0);
    } else {
        writeApic(APIC_EOI, 0);
    }
}

void onWakeUp(void) {
    mailboxes[currentCpu()].wakeUps++;
    endOfInterrupt();
}

/* A VMCALL that nobody answers raises #UD after the results are final: they stay as they are. */
_Noreturn void onUnexpectedEvent(unsigned vector) {
    unsigned cpu = currentCpu();
    if (block->finished[cpu]) {
        haltForever();
    }
    finish(cpu, block, STATUS_UNEXPECTED_EVENT + vector);
}

static void sendIpi(unsigned self, unsigned peer) {
    uint64_t destination = block->apicId[peer];
    uint32_t command = (uint32_t) block->vector | ICR_ASSERT;
    if (block->apicMode == APIC_MODE_X2APIC) {
        writeMsr(X2APIC_ICR, destination << 32 | command);
    } else {
        while (readApic(APIC_ICR_LOW) & ICR_DELIVERY_PENDING) {
            block->busy[self]++;
            pause();
        }
        writeApic(APIC_ICR_HIGH, (uint32_t) destination << 24);
        writeApic(APIC_ICR_LOW, command);
    }
    block->sent[self]++;
}

static void raiseSemaphore(unsigned cpu) { __atomic_fetch_add(&mailboxes[cpu].semaphore, 1, __ATOMIC_SEQ_CST); }

static void takeSemaphore(unsigned cpu) {
    volatile uint64_t *semaphore = &mailboxes[cpu].semaphore;
    for (;;) {
        uint64_t value = *semaphore;
        if (value > 0
                && __atomic_compare_exchange_n(
                        semaphore, &value, value - 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            return;
        }
        pause();
    }
}

static void linger(uint64_t turns) {
    for (; turns > 0; turns--) {
        pause();
    }
}

static void awaitWakeUp(unsigned cpu, uint64_t expected) {
    Mailbox *mailbox = &mailboxes[cpu];
    switch (block->waitMode) {
        case WAIT_HALT:
            disableInterrupts();
            while (mailbox->wakeUps < expected) {
                enableInterruptsAndHalt();
                disableInterrupts();
            }
            enableInterrupts();
            break;
        case WAIT_SPIN_MASKED:
            while (mailbox->semaphore == 0) {
                pause();
            }
            linger(block->maskedDelay ? block->maskedDelay : DEFAULT_MASKED_DELAY);
            enableInterrupts();
            while (mailbox->wakeUps < expected) {
                pause();
            }
            disableInterrupts();
            break;
        default:
            while (mailbox->wakeUps < expected) {
                pause();
            }
            break;
    }
    takeSemaphore(cpu);
    if (mailbox->wakeUps != expected) {
        finish(cpu, block, STATUS_DUPLICATE_WAKE_UP);
    }
}

static void extendChain(uint64_t link) {
    for (unsigned i = 0; i < sizeof(link); i++) {
        chain[SHA256_BYTES + i] = (uint8_t) (link >> 8 * i);
    }
    sha256(chain, sizeof(chain), chain);
}

static void takeTurn(unsigned cpu, uint64_t turn) {
    uint64_t work = block->work ? block->work : DEFAULT_WORK;
    for (uint64_t i = 0; i < work; i++) {
        extendChain(turn * work + i);
    }
    for (unsigned i = 0; i < SHA256_BYTES; i++) {
        block->digest[cpu][i] = chain[i];
    }
    raiseSemaphore(1 - cpu);
    sendIpi(cpu, 1 - cpu);
}

static uint64_t checkParameters(PingPong *parameters) {
    if (parameters->magic != PINGPONG_MAGIC) {
        return STATUS_BAD_MAGIC;
    }
    int valid = parameters->waitMode <= WAIT_SPIN_MASKED && parameters->apicMode <= APIC_MODE_X2APIC
            && parameters->vector >= VECTOR_MIN && parameters->vector <= VECTOR_MAX
            && parameters->finishMode <= FINISH_DEBUG_EXIT;
    return valid ? STATUS_OK : STATUS_BAD_PARAMETER;
}

/* Each CPU has a table of its own, so neither loads one that the other still writes. */
static void prepareInterrupts(unsigned cpu) {
    Gate *idt = idts[cpu];
    for (unsigned vector = 0; vector < VECTORS; vector++) {
        setGate(idt, vector, eventEntries + (vector << EVENT_ENTRY_SHIFT));
    }
    setGate(idt, (unsigned) block->vector, wakeUpEntry);
    loadIdt(idt);
    if (block->apicInit) {
        if (block->apicMode == APIC_MODE_X2APIC) {
            writeMsr(X2APIC_SVR, SVR_ENABLED_SPURIOUS_FF);
        } else {
            writeApic(APIC_SVR, SVR_ENABLED_SPURIOUS_FF);
        }
    }
}

static void meetAtTheStart(void) {
    __atomic_fetch_add(&block->ready, 1, __ATOMIC_SEQ_CST);
    while (block->ready < CPUS) {
        pause();
    }
}

_Noreturn void guestMain(unsigned cpu, PingPong *parameters) {
    uint64_t status = checkParameters(parameters);
    if (status != STATUS_OK) {
        finish(cpu, parameters, status);
    }
    block = parameters;
    prepareInterrupts(cpu);
    meetAtTheStart();
    if (block->waitMode != WAIT_SPIN_MASKED) {
        enableInterrupts();
    }
    uint64_t wakeUps = 0;
    for (uint64_t turn = 0; turn < block->rounds; turn++) {
        if ((turn & 1) == cpu) {
            takeTurn(cpu, turn);
        } else {
            awaitWakeUp(cpu, ++wakeUps);
        }
    }
    finish(cpu, block, STATUS_OK);
}
