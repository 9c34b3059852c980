/*
 * Parameter block of pingpong.elf. The loader writes the first 128 bytes before either CPU starts and zeros the rest;
 * the guest writes the results. All numbers are 64 bits wide, little endian.
 *
 * A round is one turn, and one IPI. Turns are numbered from 0 to rounds - 1; CPU 0 has the even turns, CPU 1 the odd ones.
 * In its turn a CPU extends the hash chain by `work` links, raises the other CPU's semaphore, and sends the other CPU one
 * IPI; then it waits for its own. Hence
 *
 *     sent[0] = received[1] = (rounds + 1) / 2        sent[1] = received[0] = rounds / 2
 *
 * The hash chain is common to both CPUs, so the digest is right only if the turns were taken in order:
 *
 *     state(0) = 32 zero bytes        state(n + 1) = SHA-256(state(n) || n as 8 bytes, little endian)
 *
 * Every link is a complete SHA-256 of 40 bytes (one compression). Turn t computes the links n = t * work to
 * t * work + work - 1. digest[c] is the state after the last turn of CPU c: state(rounds * work) for the CPU that had the
 * last turn, state((rounds - 1) * work) for the other, and zeros for a CPU that had none.
 */
#ifndef PINGPONG_H
#define PINGPONG_H

#include "../common/cpu.h"
#include "../common/sha256.h"

#include <stddef.h>
#include <stdint.h>

#define PINGPONG_MAGIC 0x474E495052585456u /* the bytes "VTXRPING" */
#define DEFAULT_WORK 2
#define DEFAULT_MASKED_DELAY 2000

enum {
    WAIT_SPIN = 0,        /* spins with IF = 1 */
    WAIT_HALT = 1,        /* CLI, test, STI; HLT */
    WAIT_SPIN_MASKED = 2, /* spins on the semaphore with IF = 0, lingers for maskedDelay, then STI takes the IPI */
};

enum { APIC_MODE_XAPIC = 0, APIC_MODE_X2APIC = 1 };

enum {
    FINISH_VMCALL = 0,     /* each CPU: VMCALL with rax = VMCALL_DONE and rbx = its status */
    FINISH_DEBUG_EXIT = 1, /* CPU 0, once both have finished: OUT 0F4H of both statuses ORed */
};

#define VMCALL_DONE 0x0FF

enum {
    STATUS_OK = 0,
    STATUS_BAD_MAGIC = 1,
    STATUS_BAD_PARAMETER = 2,
    STATUS_DUPLICATE_WAKE_UP = 3,  /* more interrupts than IPIs */
    STATUS_UNEXPECTED_EVENT = 0x100, /* plus the vector */
};

typedef volatile struct {
    uint64_t magic;        /* 000H PINGPONG_MAGIC */
    uint64_t rounds;       /* 008H */
    uint64_t waitMode;     /* 010H WAIT_... */
    uint64_t apicMode;     /* 018H APIC_MODE_... */
    uint64_t work;         /* 020H links of the hash chain per turn; 0 stands for DEFAULT_WORK */
    uint64_t vector;       /* 028H of the wake-up IPI, 20H to FEH */
    uint64_t apicId[CPUS]; /* 030H destinations, 8 bits wide in xAPIC mode */
    uint64_t ready;        /* 040H CPUs that have come to the start; the loader writes 0 */
    uint64_t apicInit;     /* 048H 1: write the spurious-interrupt vector register once (1FFH) */
    uint64_t finishMode;   /* 050H FINISH_... */
    uint64_t maskedDelay;  /* 058H turns of a loop of three instructions; 0 stands for DEFAULT_MASKED_DELAY */
    uint64_t reserved[4];  /* 060H */

    uint64_t sent[CPUS];                 /* 080H IPIs */
    uint64_t received[CPUS];             /* 090H interrupts */
    uint64_t busy[CPUS];                 /* 0A0H reads of the ICR that showed delivery pending and were repeated */
    uint64_t status[CPUS];               /* 0B0H STATUS_... */
    uint64_t finished[CPUS];             /* 0C0H 1 when all other results of this CPU are final */
    uint64_t reservedResults[6];         /* 0D0H */
    uint8_t digest[CPUS][SHA256_BYTES];  /* 100H */
} PingPong;

_Static_assert(offsetof(PingPong, ready) == 0x040, "as documented");
_Static_assert(offsetof(PingPong, sent) == 0x080, "as documented");
_Static_assert(offsetof(PingPong, finished) == 0x0C0, "as documented");
_Static_assert(offsetof(PingPong, digest) == 0x100, "as documented");
_Static_assert(sizeof(PingPong) == 0x140, "as documented");

#endif
