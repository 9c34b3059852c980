# Entry of every 64-bit guest program.
#
# Contract at _start: 64-bit mode, CPL 0, CS = 0x08, SS = DS = ES = 0x10, identity-mapped memory, IF = 0,
# rdi = index of the virtual CPU (0 or 1), rsi = linear address of the parameter block, RSP undefined.
    .intel_syntax noprefix
    .include "common/layout.inc"

    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    cld
    lea eax, [rdi + 1]
    shl eax, STACK_SHIFT
    lea rsp, [rax + stacks]
    xor ebp, ebp
    call guestMain
1:  cli
    hlt
    jmp 1b
    .size _start, . - _start

    .bss
    .balign 16
    .globl stacks
stacks:
    .skip CPUS << STACK_SHIFT

    .section .note.GNU-stack, "", @progbits
