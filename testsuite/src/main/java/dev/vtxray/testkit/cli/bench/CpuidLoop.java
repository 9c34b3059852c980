package dev.vtxray.testkit.cli.bench;

import dev.vtxray.core.isa.LabelRef;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.core.loader.Elf64Loader;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.testkit.guests.GuestFile;
import dev.vtxray.testkit.hypervisor.ControlSettings;
import dev.vtxray.testkit.hypervisor.FieldAccess;
import dev.vtxray.testkit.hypervisor.HypervisorCode;
import dev.vtxray.testkit.pc.BootImage;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.List;

/**
 * The smallest hypervisor in the architectural world: its guest executes CPUID in a loop, its exit handler adds the
 * instruction's length to GUEST_RIP and resumes.
 */
final class CpuidLoop {
    private static final long CODE = 0x10_0000;
    private static final long VMXON_REGION = 0x11_0000;
    private static final long VMCS_REGION = 0x11_1000;
    private static final long EPT = 0x11_2000;
    private static final int PAGE = 0x1000;
    private static final long EPT_POINTER_FLAGS = 3 << 3 | 6;
    private static final long EPT_TABLE = 0x07;
    private static final long EPT_LARGE_PAGE = 0xB7;
    private static final int CODE_SELECTOR = 0x08;
    private static final int DATA_SELECTOR = 0x10;
    private static final int TSS_SELECTOR = 0x18;
    private static final int CODE_64 = 0xA09B;
    private static final int DATA = 0xC093;
    private static final int BUSY_TSS = 0x8B;
    private static final int UNUSABLE = 0x1_0000;
    private static final int DR7_FIXED = 0x400;
    private static final int CPUID_LENGTH = 2;

    private final Pc pc;
    private final VmxCapabilities capabilities;
    private final boolean ept;
    private final HypervisorCode code = new HypervisorCode(CODE, 0, FieldAccess.INSTRUCTION, Reg.RBP);

    private CpuidLoop(Pc pc, boolean ept) {
        this.pc = pc;
        this.capabilities = pc.profile().vmx();
        this.ept = ept;
    }

    /** A PC on which it is about to start. @param ept whether the guest runs behind EPT and with a VPID */
    static Pc start(boolean ept) {
        Pc pc = Pc.builder().memory(16 << 20).build();
        new CpuidLoop(pc, ept).load();
        return pc;
    }

    private void load() {
        // The image itself does not run: the paging structures and descriptors around it are what is needed.
        BootImage.parse(GuestFile.read("hello.elf")).start(pc, "", List.of());
        PhysicalMemory memory = pc.memory();
        write();
        byte[] bytes = code.bytes();
        memory.write(CODE, bytes, 0, bytes.length);
        memory.write(VMXON_REGION, 4, capabilities.revision());
        memory.write(VMCS_REGION, 4, capabilities.revision());
        memory.write(EPT, 8, EPT + PAGE | EPT_TABLE);
        memory.write(EPT + PAGE, 8, EPT + 2 * PAGE | EPT_TABLE);
        for (long i = 0; i < memory.size() >> 21; i++) {
            memory.write(EPT + 2 * PAGE + 8 * i, 8, i << 21 | EPT_LARGE_PAGE);
        }
        memory.write(Elf64Loader.PARAMETERS, 8, VMXON_REGION);
        memory.write(Elf64Loader.PARAMETERS + Long.BYTES, 8, VMCS_REGION);
        pc.cpu(0).rip = CODE;
    }

    /** RSI points to the addresses of both regions. */
    private void write() {
        code.vmxon(Mem.qword(Reg.RSI));
        code.vmclear(Mem.qword(Reg.RSI).disp(Long.BYTES));
        code.vmptrld(Mem.qword(Reg.RSI).disp(Long.BYTES));
        writeControls();
        writeHostState();
        writeGuestState();
        code.vmlaunch();
        code.label("exitHandler");
        code.emit("MOV", Reg.EAX, VmcsField.GUEST_RIP.encoding());
        code.emit("VMREAD", Reg.RCX, Reg.RAX);
        code.emit("ADD", Reg.RCX, CPUID_LENGTH);
        code.emit("VMWRITE", Reg.RAX, Reg.RCX);
        code.vmresume();
        code.label("guest");
        code.emit("CPUID");
        code.emit("JMP", LabelRef.of("guest"));
        code.label(HypervisorCode.VMX_FAILURE);
        code.emit("CLI");
        code.emit("HLT");
    }

    private void control(VmcsField field, ControlWord word, VmxControl... wanted) {
        code.writeField(field, ControlSettings.of(capabilities, word, wanted) & 0xFFFF_FFFFL);
    }

    private void writeControls() {
        control(VmcsField.PIN_BASED_VM_EXEC_CONTROLS, ControlWord.PIN_BASED);
        control(VmcsField.PRIMARY_VM_EXIT_CONTROLS, ControlWord.VM_EXIT, ExitControl.HOST_ADDRESS_SPACE_SIZE);
        control(VmcsField.VM_ENTRY_CONTROLS, ControlWord.VM_ENTRY, EntryControl.IA32E_MODE_GUEST);
        if (!ept) {
            control(VmcsField.PRIMARY_PROC_BASED_VM_EXEC_CONTROLS, ControlWord.PRIMARY_PROCESSOR_BASED);
            return;
        }
        control(
                VmcsField.PRIMARY_PROC_BASED_VM_EXEC_CONTROLS,
                ControlWord.PRIMARY_PROCESSOR_BASED,
                PrimaryControl.ACTIVATE_SECONDARY_CONTROLS);
        control(
                VmcsField.SECONDARY_PROC_BASED_VM_EXEC_CONTROLS,
                ControlWord.SECONDARY_PROCESSOR_BASED,
                SecondaryControl.ENABLE_EPT,
                SecondaryControl.ENABLE_VPID);
        code.writeField(VmcsField.EPT_POINTER, EPT | EPT_POINTER_FLAGS);
        code.writeField(VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER, 1);
    }

    private void fromRegister(Reg register, VmcsField... fields) {
        code.emit("MOV", Reg.RCX, register);
        for (VmcsField field : fields) {
            code.writeField(field, Reg.RCX);
        }
    }

    private void writeHostState() {
        fromRegister(Reg.CR0, VmcsField.HOST_CR0, VmcsField.GUEST_CR0);
        fromRegister(Reg.CR3, VmcsField.HOST_CR3, VmcsField.GUEST_CR3);
        fromRegister(Reg.CR4, VmcsField.HOST_CR4, VmcsField.GUEST_CR4);
        code.writeField(VmcsField.HOST_CS_SELECTOR, CODE_SELECTOR);
        code.writeField(VmcsField.HOST_SS_SELECTOR, DATA_SELECTOR);
        code.writeField(VmcsField.HOST_TR_SELECTOR, TSS_SELECTOR);
        code.writeField(VmcsField.HOST_GDTR_BASE, pc.cpu(0).gdtrBase);
        code.writeField(VmcsField.HOST_RSP, Elf64Loader.STACK_TOP);
        code.emit("MOV", Reg.RCX, LabelRef.of("exitHandler"));
        code.writeField(VmcsField.HOST_RIP, Reg.RCX);
    }

    private void writeGuestState() {
        segment(VmcsField.GUEST_CS_LIMIT, VmcsField.GUEST_CS_ACCESS_RIGHTS, CODE_64);
        segment(VmcsField.GUEST_SS_LIMIT, VmcsField.GUEST_SS_ACCESS_RIGHTS, DATA);
        segment(VmcsField.GUEST_TR_LIMIT, VmcsField.GUEST_TR_ACCESS_RIGHTS, BUSY_TSS);
        for (VmcsField rights : List.of(
                VmcsField.GUEST_DS_ACCESS_RIGHTS,
                VmcsField.GUEST_ES_ACCESS_RIGHTS,
                VmcsField.GUEST_FS_ACCESS_RIGHTS,
                VmcsField.GUEST_GS_ACCESS_RIGHTS,
                VmcsField.GUEST_LDTR_ACCESS_RIGHTS)) {
            code.writeField(rights, UNUSABLE);
        }
        code.writeField(VmcsField.GUEST_RFLAGS, 2);
        code.writeField(VmcsField.GUEST_DR7, DR7_FIXED);
        code.writeField(VmcsField.VMCS_LINK_POINTER, -1);
        code.emit("MOV", Reg.RCX, LabelRef.of("guest"));
        code.writeField(VmcsField.GUEST_RIP, Reg.RCX);
    }

    private void segment(VmcsField limit, VmcsField accessRights, int rights) {
        code.writeField(limit, rights == BUSY_TSS ? 0x67 : 0xFFFF_FFFFL);
        code.writeField(accessRights, rights);
    }
}
