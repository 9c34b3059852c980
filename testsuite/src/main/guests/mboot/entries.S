# The two exceptions that the test takes. The handlers keep every register and return by IRETQ.
    .intel_syntax noprefix
    .set UD2_BYTES, 2

    .text
    .globl invalidOpcodeEntry, breakpointEntry

# A fault: the saved RIP is that of UD2 itself, which the handler steps over.
invalidOpcodeEntry:
    lock inc dword ptr [invalidOpcodes]
    add qword ptr [rsp], UD2_BYTES
    iretq

# A trap: the saved RIP is that of the next instruction.
breakpointEntry:
    lock inc dword ptr [breakpoints]
    iretq

    .section .note.GNU-stack, "", @progbits
