package dev.vtxray.core.isa;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Corners of the instruction format (SDM, Instruction Format; SDM, Opcode Map). */
class DecoderTests {
    private final Decoder decoder = new Decoder(TestRows.ROWS, feature -> true);

    private @Nullable Insn decode(int codeSize, String hex) {
        byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
        return decoder.decode(code, 0, code.length, codeSize, 0);
    }

    private String text(int codeSize, String hex) {
        Insn insn = decode(codeSize, hex);
        assertThat(insn).as(hex).isNotNull();
        assertThat(insn.length)
                .as("length of " + hex)
                .isEqualTo(hex.replace(" ", "").length() / 2);
        return Disassembler.text(insn, 0);
    }

    private Row row(int codeSize, String hex) {
        Insn insn = decode(codeSize, hex);
        assertThat(insn).as(hex).isNotNull();
        return insn.row;
    }

    @Test
    void rexCountsOnlyRightBeforeTheOpcode() {
        assertThat(text(8, "48 01 C8")).isEqualTo("add rax,rcx");
        assertThat(text(8, "48 66 01 C8")).isEqualTo("add ax,cx");
        assertThat(text(8, "66 48 01 C8")).isEqualTo("add rax,rcx");
        assertThat(text(8, "48 41 01 C8")).isEqualTo("add r8d,ecx");
    }

    @Test
    void anyRexMakesSilOfDh() {
        assertThat(text(8, "88 F0")).isEqualTo("mov al,dh");
        assertThat(text(8, "40 88 F0")).isEqualTo("mov al,sil");
    }

    @Test
    void rexIsIncOutside64BitCode() {
        assertThat(decode(4, "48 01 C8").length).isEqualTo(1);
        assertThat(text(4, "48")).isEqualTo("dec eax");
    }

    @Test
    void ninetyIsNopButWithRexBItExchanges() {
        assertThat(text(8, "90")).isEqualTo("nop");
        assertThat(text(8, "48 90")).isEqualTo("nop");
        assertThat(text(8, "41 90")).isEqualTo("xchg r8d,eax");
        assertThat(text(8, "49 90")).isEqualTo("xchg r8,rax");
        assertThat(text(8, "F3 90")).isEqualTo("pause");
    }

    @Test
    void sixteenBitAddressesHaveTheirOwnForms() {
        assertThat(text(2, "8B 00")).isEqualTo("mov ax,WORD PTR [bx+si]");
        assertThat(text(2, "8B 46 FE")).isEqualTo("mov ax,WORD PTR [bp-0x2]");
        assertThat(text(2, "8B 0E 34 12")).isEqualTo("mov cx,WORD PTR ds:0x1234");
        assertThat(text(4, "67 8B 47 10")).isEqualTo("mov eax,DWORD PTR [bx+0x10]");
        assertThat(text(2, "67 66 8B 04 8D 78 56 34 12")).isEqualTo("mov eax,DWORD PTR [ecx*4+0x12345678]");
    }

    @Test
    void bpAndSpAddressTheStackSegment() {
        assertThat(decode(2, "8B 46 00").seg).isEqualTo(2);
        assertThat(decode(2, "8B 06 00 00").seg).isEqualTo(3);
        assertThat(decode(8, "8B 45 00").seg).isEqualTo(2);
        assertThat(decode(8, "41 8B 45 00").seg).isEqualTo(3);
        assertThat(decode(8, "8B 04 24").seg).isEqualTo(2);
        assertThat(decode(8, "8B 05 00 00 00 00").seg).isEqualTo(3);
    }

    @Test
    void rspAndR12AsIndexDiffer() {
        assertThat(text(8, "8B 04 20")).isEqualTo("mov eax,DWORD PTR [rax]");
        assertThat(text(8, "42 8B 04 20")).isEqualTo("mov eax,DWORD PTR [rax+r12*1]");
        assertThat(text(8, "43 8B 04 25 10 00 00 00")).isEqualTo("mov eax,DWORD PTR [r12*1+0x10]");
    }

    @Test
    void addressesInTheInstructionHaveTheAddressSize() {
        assertThat(text(8, "48 A1 88 77 66 55 44 33 22 11")).isEqualTo("movabs rax,ds:0x1122334455667788");
        assertThat(text(8, "67 A0 78 56 34 12")).isEqualTo("mov al,ds:0x12345678");
        assertThat(text(4, "A3 78 56 34 12")).isEqualTo("mov ds:0x12345678,eax");
        assertThat(text(4, "67 A3 34 12")).isEqualTo("mov ds:0x1234,eax");
        assertThat(text(2, "65 A2 34 12")).isEqualTo("mov gs:0x1234,al");
    }

    @Test
    void segmentPrefixesOf32BitCodeAreIgnoredIn64BitCode() {
        assertThat(text(8, "2E 8B 00")).isEqualTo("mov eax,DWORD PTR [rax]");
        assertThat(text(8, "64 2E 8B 00")).isEqualTo("mov eax,DWORD PTR fs:[rax]");
        assertThat(text(4, "64 2E 8B 00")).isEqualTo("mov eax,DWORD PTR cs:[eax]");
    }

    @Test
    void enterHasTwoImmediatesWithoutSign() {
        Insn insn = decode(8, "C8 F0 FF 02");
        assertThat(insn.imm).isEqualTo(0xFFF0);
        assertThat(insn.imm2).isEqualTo(2);
        assertThat(decode(8, "C2 00 80").imm).isEqualTo(0x8000);
    }

    @Test
    void immediatesFollowTheOperandSizePrefix() {
        assertThat(text(8, "66 05 34 12")).isEqualTo("add ax,0x1234");
        assertThat(text(8, "48 05 FF FF FF FF")).isEqualTo("add rax,0xffffffffffffffff");
        assertThat(text(2, "66 05 78 56 34 12")).isEqualTo("add eax,0x12345678");
        assertThat(text(8, "48 B8 88 77 66 55 44 33 22 11")).isEqualTo("movabs rax,0x1122334455667788");
        assertThat(text(8, "66 6A FF")).isEqualTo("push 0xffff");
        assertThat(text(8, "6A FF")).isEqualTo("push 0xffffffffffffffff");
    }

    @Test
    void farPointersAreOffsetThenSelector() {
        assertThat(text(4, "EA 78 56 34 12 08 00")).isEqualTo("jmp 0x8:0x12345678");
        assertThat(text(2, "EA 34 12 00 F0")).isEqualTo("jmp 0xf000:0x1234");
        assertThat(row(8, "EA 78 56 34 12 08 00")).isSameAs(Undefined.ROW);
    }

    @Test
    void nearBranchesIgnoreTheOperandSizePrefixIn64BitCode() {
        assertThat(text(8, "66 E9 10 00 00 00")).isEqualTo("jmp 0x16");
        assertThat(text(4, "66 E9 10 00")).isEqualTo("jmp 0x14");
        assertThat(text(2, "E9 F0 FF")).isEqualTo("jmp 0xfff3");
        assertThat(text(2, "66 E9 10 00 00 00")).isEqualTo("jmp 0x16");
    }

    @Test
    void movesOfControlRegistersIgnoreTheModField() {
        assertThat(text(8, "0F 20 C0")).isEqualTo("mov rax,cr0");
        assertThat(text(8, "0F 20 00")).isEqualTo("mov rax,cr0");
        assertThat(text(8, "0F 22 45")).isEqualTo("mov cr0,rbp");
        assertThat(text(8, "44 0F 20 C0")).isEqualTo("mov rax,cr8");
        assertThat(text(4, "0F 23 F8")).isEqualTo("mov dr7,eax");
    }

    @Test
    void segmentRegistersSixAndSevenDoNotExist() {
        assertThat(row(4, "8E F0")).isSameAs(Undefined.ROW);
        assertThat(row(4, "8C F8")).isSameAs(Undefined.ROW);
        assertThat(text(4, "8C E8")).isEqualTo("mov eax,gs");
    }

    @Test
    void mandatoryPrefixesGoTogetherWithAnOperandSizePrefix() {
        assertThat(text(8, "F3 0F B8 C1")).isEqualTo("popcnt eax,ecx");
        assertThat(text(8, "66 F3 0F B8 C1")).isEqualTo("popcnt ax,cx");
        assertThat(text(8, "F3 48 0F B8 C1")).isEqualTo("popcnt rax,rcx");
        assertThat(row(8, "0F B8 C1")).isSameAs(Undefined.ROW);
    }

    @Test
    void lockIsIllegalWithoutAMemoryDestination() {
        assertThat(text(8, "F0 01 08")).isEqualTo("lock add DWORD PTR [rax],ecx");
        assertThat(row(8, "F0 01 C8")).isSameAs(Undefined.ROW);
        assertThat(row(8, "F0 03 08")).isSameAs(Undefined.ROW);
        assertThat(row(8, "F0 8B 00")).isSameAs(Undefined.ROW);
    }

    @Test
    void moreThanFifteenBytesAreTooLong() {
        assertThat(text(8, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 90")).isEqualTo("nop");
        Insn insn = decode(8, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90");
        assertThat(insn.row).isSameAs(Undefined.TOO_LONG);
        assertThat(row(8, "66 66 66 66 66 66 66 66 66 66 66 66 66 05 34 12")).isSameAs(Undefined.TOO_LONG);
    }

    @Test
    void everyTruncationIsNullAndNotAnInstruction() {
        String hex = "64674881848D785634120807";
        String whole = hex + "0605";
        assertThat(text(8, whole)).isEqualTo("add QWORD PTR fs:[ebp+ecx*4+0x12345678],0x5060708");
        for (int length = 0; length < whole.length(); length += 2) {
            assertThat(decode(8, whole.substring(0, length)))
                    .as(whole.substring(0, length))
                    .isNull();
        }
    }

    @Test
    void bytesThatAreNoInstructionAreAnInstructionThatFaults() {
        assertThat(text(8, "06")).isEqualTo("(undefined)");
        assertThat(text(8, "0F 05")).isEqualTo("(undefined)");
    }

    @Test
    void rowsOfFeaturesThatTheCpuDoesNotHaveDoNotExist() {
        Decoder without = new Decoder(TestRows.ROWS, feature -> feature != CpuidFeature.POPCNT);
        byte[] popcnt = {(byte) 0xF3, 0x0F, (byte) 0xB8, (byte) 0xC1};
        assertThat(without.decode(popcnt, 0, 4, 8, 0).row).isSameAs(Undefined.ROW);
    }
}
