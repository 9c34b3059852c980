# From the multiboot entry (32-bit protected mode, paging off, EBX = multiboot information) to 64-bit C, and the same for an
# application processor, which begins in real mode at physical address 0 (Start-up IPI with vector 0).
    .intel_syntax noprefix

    .set MULTIBOOT_MAGIC, 0x1BADB002
    .set MULTIBOOT_FLAGS, 0

    .set SELECTOR_CODE64, 0x08
    .set SELECTOR_DATA, 0x10
    .set SELECTOR_CODE32, 0x18

    .set CR0_PE, 1 << 0
    .set CR0_PG, 1 << 31
    .set CR4_PAE, 1 << 5
    .set IA32_EFER, 0xC0000080
    .set EFER_LME, 1 << 8

    .set PAGE_TABLE, 0x003          # present, writable
    .set PAGE_2MB, 0x083            # present, writable, page size
    .set ENTRIES, 512
    .set GIGABYTES, 4

    .set STACK_SHIFT, 13
    .set CPUS_MAX, 8

    .section .multiboot, "a"
    .long MULTIBOOT_MAGIC
    .long MULTIBOOT_FLAGS
    .long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

    .text
    .code32
    .globl start32
start32:
    cld
    mov esi, ebx
    lgdt [gdtDescriptor]
    jmp SELECTOR_CODE32:loadSegments
loadSegments:
    mov eax, SELECTOR_DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov esp, offset stacks + (1 << STACK_SHIFT)
    call buildPageTables
    call enterLongMode
    jmp SELECTOR_CODE64:start64

# Identity map of 4 GiB by 2 MB pages: the four page directories lie one behind the other.
buildPageTables:
    mov dword ptr [pml4], offset pdpt + PAGE_TABLE
    mov edi, offset pdpt
    mov eax, offset directories + PAGE_TABLE
    mov ecx, GIGABYTES
1:  mov [edi], eax
    add eax, 0x1000
    add edi, 8
    loop 1b
    mov edi, offset directories
    mov eax, PAGE_2MB
    mov ecx, GIGABYTES * ENTRIES
1:  mov [edi], eax
    add eax, 0x200000
    add edi, 8
    loop 1b
    ret

# SDM, Processor Management and Initialization, Initializing IA-32e Mode.
enterLongMode:
    mov eax, CR4_PAE
    mov cr4, eax
    mov eax, offset pml4
    mov cr3, eax
    mov ecx, IA32_EFER
    rdmsr
    or eax, EFER_LME
    wrmsr
    mov eax, cr0
    or eax, CR0_PE | CR0_PG
    mov cr0, eax
    ret

apStart32:
    mov eax, SELECTOR_DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov eax, 1
    lock xadd [cpusStarted], eax
    cmp eax, CPUS_MAX
    jae 2f
    inc eax
    shl eax, STACK_SHIFT
    lea esp, [eax + stacks]
    call enterLongMode
    jmp SELECTOR_CODE64:apStart64
2:  hlt
    jmp 2b

    .code64
start64:
    mov edi, esi
    xor ebp, ebp
    call bootMain
1:  hlt
    jmp 1b

apStart64:
    xor ebp, ebp
    call apMain
1:  cli
    hlt
    jmp 1b

# Copied to physical address 0 and run there with CS = 0: all its own addresses are relative to its start.
    .code16
    .globl trampoline, trampolineEnd
trampoline:
    cli
    cld
    xor ax, ax
    mov ds, ax
    mov eax, cr0
    or al, CR0_PE
    mov cr0, eax
    lgdtd [trampolineGdtDescriptor - trampoline]
    .att_syntax
    ljmpl $SELECTOR_CODE32, $apStart32
    .intel_syntax noprefix
    .balign 4
trampolineGdtDescriptor:
    .word gdtEnd - gdt - 1
    .long gdt
trampolineEnd:

    .section .rodata
    .balign 8
gdt:
    .quad 0
    .quad 0x00209B0000000000        # 08H: 64-bit code
    .quad 0x00CF93000000FFFF        # 10H: data, flat
    .quad 0x00CF9B000000FFFF        # 18H: 32-bit code, flat
gdtEnd:
gdtDescriptor:
    .word gdtEnd - gdt - 1
    .long gdt

    .data
    .balign 4
cpusStarted:                        # the bootstrap processor has the first stack
    .long 1

    .bss
    .balign 4096
pml4:
    .skip 4096
pdpt:
    .skip 4096
directories:
    .skip GIGABYTES * 4096
    .balign 16
stacks:
    .skip CPUS_MAX << STACK_SHIFT

    .section .note.GNU-stack, "", @progbits
