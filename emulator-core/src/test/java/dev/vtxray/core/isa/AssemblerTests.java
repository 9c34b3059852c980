package dev.vtxray.core.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Encodings that the manual gives, and what the assembler refuses. */
class AssemblerTests {
    private static Assembler in16BitCode() {
        return new Assembler(TestRows.ROWS, 2, 0x1000);
    }

    private static Assembler in32BitCode() {
        return new Assembler(TestRows.ROWS, 4, 0x1000);
    }

    private static Assembler in64BitCode() {
        return new Assembler(TestRows.ROWS, 8, 0x1000);
    }

    private static String hex(Assembler asm) {
        return HexFormat.of().formatHex(asm.bytes());
    }

    @Test
    void takesTheSignExtendedByteWhereTheImmediateFitsIt() {
        assertThat(hex(in64BitCode().emit("ADD", Reg.RCX, new Imm(-1)))).isEqualTo("4883c1ff");
        assertThat(hex(in64BitCode().emit("add", Reg.ECX, new Imm(0xFFFF_FFFFL))))
                .isEqualTo("83c1ff");
        assertThat(hex(in64BitCode().emit("ADD", Reg.ECX, new Imm(0x80)))).isEqualTo("81c180000000");
        assertThat(hex(in64BitCode().emit("ADD", Reg.EAX, new Imm(0x80)))).isEqualTo("0580000000");
    }

    @Test
    void takesTheShortestMoveOfAnImmediateTo64Bits() {
        assertThat(hex(in64BitCode().emit("MOV", Reg.RAX, new Imm(1)))).isEqualTo("48c7c001000000");
        assertThat(hex(in64BitCode().emit("MOV", Reg.R9, new Imm(0x1122_3344_5566_7788L))))
                .isEqualTo("49b98877665544332211");
        assertThat(hex(in64BitCode().emit("MOV", Reg.R9D, new Imm(0x8000_0000L))))
                .isEqualTo("41b900000080");
    }

    @Test
    void addressesMemoryInAllForms() {
        Mem scaled = Mem.qword(Reg.RAX).index(Reg.RCX, 8).disp(0x10).segment(Reg.FS);
        assertThat(hex(in64BitCode().emit("MOV", Reg.RDX, scaled))).isEqualTo("64488b54c810");
        assertThat(hex(in64BitCode().emit("MOV", Reg.RDX, Mem.qword(Reg.RSP)))).isEqualTo("488b1424");
        assertThat(hex(in64BitCode().emit("MOV", Reg.RDX, Mem.qword(Reg.R13)))).isEqualTo("498b5500");
        assertThat(hex(in64BitCode().emit("MOV", Mem.dwordAt(0x1234), Reg.ECX))).isEqualTo("890c2534120000");
        assertThat(hex(in64BitCode().emit("MOV", Mem.dword(Reg.EBX), Reg.ECX))).isEqualTo("67890b");
        assertThat(hex(in32BitCode().emit("MOV", Mem.dwordAt(0xFEE0_00B0L), Reg.ECX)))
                .isEqualTo("890db000e0fe");
        assertThat(hex(in16BitCode().emit("MOV", Reg.CX, Mem.word(Reg.BP).index(Reg.SI, 1))))
                .isEqualTo("8b0a");
        assertThat(hex(in16BitCode().emit("MOV", Reg.ECX, Mem.dword(Reg.EBX)))).isEqualTo("67668b0b");
    }

    @Test
    void takesTheAddressInTheInstructionWhereThatIsShorterOrTheOnlyWay() {
        assertThat(hex(in32BitCode().emit("MOV", Reg.EAX, Mem.dwordAt(0x1234)))).isEqualTo("a134120000");
        assertThat(hex(in64BitCode().emit("MOV", Reg.RAX, Mem.qwordAt(0x1122_3344_5566_7788L))))
                .isEqualTo("48a18877665544332211");
    }

    @Test
    void addressesALabelRelativeToRipIn64BitCodeAndAbsolutelyElsewhere() {
        Assembler asm = in64BitCode().emit("ADD", Mem.dword("counter"), new Imm(0x1234_5678));
        assertThat(hex(asm.label("counter").data32(7))).isEqualTo("8105" + "00000000" + "78563412" + "07000000");
        asm = in32BitCode().emit("ADD", Mem.dword("counter"), new Imm(1));
        assertThat(hex(asm.label("counter"))).isEqualTo("8305" + "07100000" + "01");
    }

    @Test
    void branchesBackAreShortWhereTheyReachAndBranchesForwardAreNear() {
        Assembler asm = in64BitCode().label("start").emit("JNZ", LabelRef.of("start"));
        assertThat(hex(asm.emit("JMP", LabelRef.of("end")).label("end"))).isEqualTo("75fe" + "e900000000");
        asm = in64BitCode().label("start").data(new byte[200]).emit("JZ", LabelRef.of("start"));
        assertThat(hex(asm)).endsWith("0f8432ffffff");
        assertThat(hex(in16BitCode().emit("JMP", LabelRef.of("x")).label("x"))).isEqualTo("e90000");
    }

    @Test
    void loopsAndCounterBranchesAreShortInBothDirections() {
        Assembler asm = in64BitCode().emit("JRCXZ", LabelRef.of("end")).emit("JECXZ", LabelRef.of("end"));
        assertThat(hex(asm.label("end"))).isEqualTo("e303" + "67e300");
    }

    @Test
    void branchesToAnAbsoluteAddress() {
        assertThat(hex(in64BitCode().emit("CALL", new Imm(0x2000)))).isEqualTo("e8fb0f0000");
    }

    @Test
    void pushesOfImmediatesKeepTheDefaultWidth() {
        assertThat(hex(in64BitCode().emit("PUSH", new Imm(0x80)))).isEqualTo("6880000000");
        assertThat(hex(in64BitCode().emit("PUSH", new Imm(-1)))).isEqualTo("6aff");
        assertThat(hex(in32BitCode().emit("PUSH", new Imm(0x1234)))).isEqualTo("6834120000");
    }

    @Test
    void namesOfStringInstructionsSayTheirWidth() {
        assertThat(hex(in64BitCode().rep().emit("MOVSQ"))).isEqualTo("f348a5");
        assertThat(hex(in32BitCode().rep().emit("STOSW"))).isEqualTo("f366ab");
        assertThat(hex(in64BitCode().repne().emit("SCASB"))).isEqualTo("f2ae");
    }

    @Test
    void namesOfConversionsAndReturnsSayTheirWidth() {
        assertThat(hex(in64BitCode()
                        .emit("CDQE")
                        .emit("CWDE")
                        .emit("CQO")
                        .emit("IRETQ")
                        .emit("IRET")))
                .isEqualTo("4898" + "98" + "4899" + "48cf" + "cf");
        assertThat(hex(in16BitCode().emit("CWDE").emit("IRETD"))).isEqualTo("6698" + "66cf");
    }

    @Test
    void farJumpsTakeAPointerInTheInstructionOrInMemory() {
        Assembler asm = in16BitCode().emit("JMP", FarPointer.to(8, "next")).label("next");
        assertThat(hex(asm)).isEqualTo("66ea" + "08100000" + "0800");
        asm = in16BitCode().emit("JMP", FarPointer.ptr16(0xF000, 0xFFF0));
        assertThat(hex(asm)).isEqualTo("ea" + "f0ff" + "00f0");
        assertThat(hex(in64BitCode().emit("JMP", Mem.fword(Reg.RAX)))).isEqualTo("ff28");
    }

    @Test
    void systemRegistersAreOperands() {
        assertThat(hex(in64BitCode().emit("MOV", Reg.CR8, Reg.RDX))).isEqualTo("440f22c2");
        assertThat(hex(in32BitCode().emit("MOV", Reg.EAX, Reg.CR0))).isEqualTo("0f20c0");
        assertThat(hex(in64BitCode().emit("MOV", Reg.DS, Reg.AX))).isEqualTo("8ed8");
        assertThat(hex(in64BitCode().emit("PUSH", Reg.FS))).isEqualTo("0fa0");
    }

    @Test
    void xchgOfEaxWithItselfIsNotMistakenForNop() {
        assertThat(hex(in64BitCode().emit("XCHG", Reg.EAX, Reg.EAX))).isEqualTo("87c0");
        assertThat(hex(in64BitCode().emit("XCHG", Reg.R8, Reg.RAX))).isEqualTo("4990");
    }

    @Test
    void lockGoesBeforeTheInstructionThatFollowsAndNoOther() {
        Assembler asm = in64BitCode().lock().emit("ADD", Mem.dword(Reg.RAX), Reg.ECX);
        assertThat(hex(asm.emit("ADD", Reg.EAX, Reg.ECX))).isEqualTo("f00108" + "01c8");
    }

    @Test
    void lockIsRefusedWithoutAMemoryDestination() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> in64BitCode().lock().emit("ADD", Reg.EAX, Reg.ECX))
                .withMessageContaining("LOCK");
    }

    @Test
    void highByteRegistersAreRefusedBesideRex() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> in64BitCode().emit("MOV", Reg.AH, Reg.R8B))
                .withMessageContaining("AH, BH, CH and DH cannot be used");
        assertThat(hex(in64BitCode().emit("MOV", Reg.AH, Reg.BL))).isEqualTo("88dc");
    }

    @Test
    void operandsThatFitNoRowAreRefusedAndTheRowsListed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> in64BitCode().emit("ADD", Mem.unsized(Reg.RAX), new Imm(1)))
                .withMessageContaining("ADD [RAX], 0x1")
                .withMessageContaining("ADD Ev,Ib");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> in64BitCode().emit("ADD", Reg.RAX, new Imm(0x8000_0000L)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> in64BitCode().emit("FROB", Reg.RAX))
                .withMessageContaining("no row for FROB");
    }

    @Test
    void registersOf64BitCodeAreRefusedElsewhere() {
        for (Reg register : List.of(Reg.RAX, Reg.R8D, Reg.SIL)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> in32BitCode().emit("INC", register))
                    .withMessageContaining("exists in 64-bit code only");
        }
    }

    @Test
    void labelsMustBeDefinedOnceAndReachable() {
        assertThatIllegalStateException()
                .isThrownBy(
                        () -> in64BitCode().emit("JMP", LabelRef.of("nowhere")).bytes())
                .withMessageContaining("nowhere");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> in64BitCode().label("a").label("a"));
        assertThatIllegalStateException()
                .isThrownBy(() -> in64BitCode()
                        .emit("LOOP", LabelRef.of("far"))
                        .data(new byte[200])
                        .label("far")
                        .bytes())
                .withMessageContaining("does not fit");
    }

    @Test
    void dataStandsInLittleEndianOrderAndAlignmentIsFilledWithNop() {
        Assembler asm = in64BitCode()
                .data8(1)
                .align(4)
                .data16(0x1234)
                .ascii("ok")
                .label("end")
                .dataAddress(8, "end");
        assertThat(hex(asm)).isEqualTo("01909090" + "3412" + "6f6b" + "0810000000000000");
        assertThat(asm.address("end")).isEqualTo(0x1008);
    }
}
