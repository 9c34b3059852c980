# Where the gates of the IDTs lead.
    .intel_syntax noprefix
    .set EVENT_ENTRY_BYTES, 16

    .text
    .globl wakeUpEntry
    .type wakeUpEntry, @function
wakeUpEntry:
    push rax
    push rcx
    push rdx
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    cld
    call onWakeUp
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rax
    iretq
    .size wakeUpEntry, . - wakeUpEntry

# One entry for each vector, all of one size. They never return, so an error code on the stack does not matter.
    .balign EVENT_ENTRY_BYTES
    .globl eventEntries
eventEntries:
    .set vector, 0
    .rept 256
    mov edi, vector
    jmp unexpectedEvent
    .balign EVENT_ENTRY_BYTES
    .set vector, vector + 1
    .endr

unexpectedEvent:
    cld
    and rsp, -16
    call onUnexpectedEvent

    .section .note.GNU-stack, "", @progbits
