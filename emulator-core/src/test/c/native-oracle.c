// Runs single instructions on the processor under the JVM and tells what they did.
//
// Reads cases from standard input and writes one result for each to standard output, both in the layout below. A case is
// started by returning from a signal handler into its registers; it ends with the int3 that fills the rest of the code
// page, or with the signal of its fault. Either way the next handler finds every register in its context.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x10000000UL   // one page
#define START 0x800         // where the instruction stands in it
#define DATA 0x20000000UL   // two pages
#define WINDOW 0xF80        // offset of the bytes that a case sees: half in the first page, half in the second
#define PAGE 0x1000
#define FLAGS 0xCD5         // OF DF SF ZF AF PF CF

struct input {
    uint64_t mode; // 8: 64-bit code, 4: 32-bit code
    uint8_t code[16];
    uint64_t registers[16];
    uint64_t flags;
    uint8_t memory[256];
};

struct output {
    uint64_t vector; // 3: the instruction was executed
    uint64_t rip;    // relative to the instruction
    uint64_t registers[16];
    uint64_t flags;
    uint8_t memory[256];
};

static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static struct input *cases;
static struct output *results;
static size_t count, next;

static void finish(void) {
    char *at = (char *)results;
    size_t left = count * sizeof *results;
    while (left > 0) {
        ssize_t written = write(1, at, left);
        if (written <= 0) {
            _exit(1);
        }
        at += written;
        left -= written;
    }
    _exit(0);
}

static void begin(ucontext_t *context) {
    struct input *in = &cases[next++];
    memset((void *)CODE, 0xCC, PAGE);
    memcpy((void *)(CODE + START), in->code, sizeof in->code);
    memset((void *)DATA, 0, 2 * PAGE);
    memcpy((void *)(DATA + WINDOW), in->memory, sizeof in->memory);
    for (int i = 0; i < 16; i++) {
        context->uc_mcontext.gregs[order[i]] = in->registers[i];
    }
    context->uc_mcontext.gregs[REG_RIP] = CODE + START;
    context->uc_mcontext.gregs[REG_EFL] = (in->flags & FLAGS) | 0x202;
    uint64_t selectors = context->uc_mcontext.gregs[REG_CSGSFS] & ~0xFFFFUL;
    context->uc_mcontext.gregs[REG_CSGSFS] = selectors | (in->mode == 8 ? 0x33 : 0x23);
}

static void end(ucontext_t *context) {
    struct output *out = &results[next - 1];
    out->vector = context->uc_mcontext.gregs[REG_TRAPNO];
    out->rip = context->uc_mcontext.gregs[REG_RIP] - (CODE + START) - (out->vector == 3 ? 1 : 0);
    for (int i = 0; i < 16; i++) {
        out->registers[i] = context->uc_mcontext.gregs[order[i]];
    }
    out->flags = context->uc_mcontext.gregs[REG_EFL] & FLAGS;
    memcpy(out->memory, (void *)(DATA + WINDOW), sizeof out->memory);
}

static void handler(int signal, siginfo_t *info, void *context) {
    (void)info;
    if (signal != SIGUSR1) {
        end(context);
    }
    if (next == count) {
        finish();
    }
    begin(context);
}

static void read_cases(void) {
    size_t size = 0, capacity = 1 << 20;
    char *bytes = malloc(capacity);
    ssize_t got;
    while ((got = read(0, bytes + size, capacity - size)) > 0) {
        size += got;
        if (size == capacity) {
            capacity *= 2;
            bytes = realloc(bytes, capacity);
        }
    }
    cases = (struct input *)bytes;
    count = size / sizeof *cases;
    results = calloc(count, sizeof *results);
}

static void *map(uint64_t address, size_t size, int protection) {
    return mmap((void *)address, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

int main(void) {
    static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGUSR1};
    read_cases();
    if (map(CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == MAP_FAILED
        || map(DATA, 2 * PAGE, PROT_READ | PROT_WRITE) == MAP_FAILED) {
        return 1;
    }
    stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaction(signals[i], &action, NULL);
    }
    alarm(60); // a case that loops ends the whole run
    // 32-bit code needs data segments.
    __asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(0x2B));
    raise(SIGUSR1);
    return 1;
}
