package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.SpecFile;
import dev.vtxray.vmx.capability.CpuFeature;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.vmcs.PhysicalBytes;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.math.BigInteger;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The meaning of names and functions in the predicates of vm-entry-checks.csv, for one VM entry. */
final class PredicateEvaluator {
    /** {@code word.control} to bit, as the specification's index lists them. */
    static final Map<String, Integer> CONTROL_BITS = controlBits();

    private static final Map<String, VmcsField> CONTROL_FIELDS = Map.of(
            "pin", VmcsField.PIN_BASED_VM_EXEC_CONTROLS,
            "proc", VmcsField.PRIMARY_PROC_BASED_VM_EXEC_CONTROLS,
            "proc2", VmcsField.SECONDARY_PROC_BASED_VM_EXEC_CONTROLS,
            "exit", VmcsField.PRIMARY_VM_EXIT_CONTROLS,
            "entry", VmcsField.VM_ENTRY_CONTROLS,
            "vmfunc", VmcsField.VM_FUNCTION_CONTROLS);

    private static final Map<String, Integer> MSRS = Map.of(
            "VMX_BASIC",
            0x480,
            "VMX_MISC",
            0x485,
            "CR0_FIXED0",
            0x486,
            "CR0_FIXED1",
            0x487,
            "CR4_FIXED0",
            0x488,
            "CR4_FIXED1",
            0x489,
            "EPT_VPID_CAP",
            0x48C,
            "VMX_VMFUNC",
            0x491);

    private static final Map<String, Integer> TRUE_MSRS =
            Map.of("pin", 0x48D, "proc", 0x48E, "proc2", 0x48B, "exit", 0x48F, "entry", 0x490);

    /** Bits of fields by what follows the dot: high bit and low bit. */
    private static final Map<String, int[]> FIELD_BITS = Map.ofEntries(
            bits("PE", 0, 0),
            bits("WP", 16, 16),
            bits("PG", 31, 31),
            bits("PAE", 5, 5),
            bits("LA57", 12, 12),
            bits("PCIDE", 17, 17),
            bits("CET", 23, 23),
            bits("FRED", 32, 32),
            bits("TF", 8, 8),
            bits("IF", 9, 9),
            bits("IOPL", 13, 12),
            bits("VM", 17, 17),
            bits("LME", 8, 8),
            bits("LMA", 10, 10),
            bits("BTF", 1, 1));

    private static final Map<String, int[]> RIGHTS_BITS = Map.of(
            "type",
            new int[] {3, 0},
            "S",
            new int[] {4, 4},
            "DPL",
            new int[] {6, 5},
            "P",
            new int[] {7, 7},
            "L",
            new int[] {13, 13},
            "DB",
            new int[] {14, 14},
            "G",
            new int[] {15, 15},
            "unusable",
            new int[] {16, 16});

    private static final Map<String, int[]> INJECTION_BITS = Map.of(
            "valid",
            new int[] {31, 31},
            "type",
            new int[] {10, 8},
            "vector",
            new int[] {7, 0},
            "deliver_error_code",
            new int[] {11, 11});

    private static final Map<String, int[]> INTERRUPTIBILITY_BITS = Map.of(
            "STI",
            new int[] {0, 0},
            "MOV_SS",
            new int[] {1, 1},
            "SMI",
            new int[] {2, 2},
            "NMI",
            new int[] {3, 3},
            "enclave",
            new int[] {4, 4});

    private final CpuProfile cpu;
    private final Vmcs vmcs;
    private final PhysicalBytes memory;
    private final long currentVmcs;
    private final boolean eferLma;
    private final boolean inSmm;

    PredicateEvaluator(
            CpuProfile cpu, Vmcs vmcs, PhysicalBytes memory, long currentVmcs, boolean eferLma, boolean inSmm) {
        this.cpu = cpu;
        this.vmcs = vmcs;
        this.memory = memory;
        this.currentVmcs = currentVmcs;
        this.eferLma = eferLma;
        this.inSmm = inSmm;
    }

    Object name(String name) {
        int dot = name.indexOf('.');
        if (dot >= 0) {
            return dotted(name.substring(0, dot), name.substring(dot + 1));
        }
        if (MSRS.containsKey(name)) {
            return unsigned(cpu.vmx().msr(MSRS.get(name)));
        }
        return switch (name) {
            case "always" -> true;
            case "never" -> false;
            case "ALL_ONES" -> unsigned(-1);
            case "MAXPHYADDR" -> BigInteger.valueOf(cpu.physicalAddressWidth());
            case "MAXLINADDR" -> BigInteger.valueOf(cpu.linearAddressWidth());
            default -> CONTROL_FIELDS.containsKey(name) ? word(name) : unsigned(vmcs.get(VmcsField.valueOf(name)));
        };
    }

    private BigInteger dotted(String prefix, String part) {
        if (prefix.equals("cpu")) {
            return cpuFact(part);
        }
        if (prefix.equals("mask")) {
            return mask(part);
        }
        if (prefix.equals("inj")) {
            return slice(VmcsField.VM_ENTRY_INTERRUPTION_INFO, INJECTION_BITS.get(part));
        }
        if (prefix.equals("intr")) {
            return slice(VmcsField.GUEST_INTERRUPTIBILITY_STATE, INTERRUPTIBILITY_BITS.get(part));
        }
        if (CONTROL_FIELDS.containsKey(prefix)) {
            return flag(word(prefix).testBit(CONTROL_BITS.get(prefix + "." + part)));
        }
        if (prefix.matches("[CSDEFG]S|LDTR|TR")) {
            return slice(VmcsField.valueOf("GUEST_" + prefix + "_ACCESS_RIGHTS"), RIGHTS_BITS.get(part));
        }
        return slice(VmcsField.valueOf(prefix), FIELD_BITS.get(part));
    }

    Object capability(String function, String word) {
        if (function.equals("supports")) {
            String[] parts = word.split("\\.");
            return flagOf(control(parts[0]) >>> 32, CONTROL_BITS.get(word));
        }
        long value = control(word);
        return unsigned(function.equals("ctl0") ? value & 0xFFFF_FFFFL : value >>> 32);
    }

    private long control(String word) {
        return cpu.vmx().msr(TRUE_MSRS.get(word));
    }

    Object function(String function, BigInteger argument) {
        return switch (function) {
            case "physaddr_ok" ->
                argument.shiftRight(cpu.physicalAddressWidth()).signum() == 0
                        && ((cpu.vmx().msr(0x480) >> 48 & 1) == 0 || argument.bitLength() <= 32);
            case "canonical" -> allEqual(argument, cpu.linearAddressWidth() - 1);
            case "upper_identical" -> allEqual(argument, cpu.linearAddressWidth());
            case "pat_ok" -> patOk(argument);
            case "pdpte_ok" -> pdpteOk(argument);
            case "mem8" -> byteAt(argument.longValueExact());
            case "mem32" -> unsigned(memory.read32(argument.longValueExact()) & 0xFFFF_FFFFL);
            case "mem64" -> unsigned(memory.read64(argument.longValueExact()));
            default -> throw new IllegalArgumentException(function);
        };
    }

    private BigInteger word(String word) {
        boolean active =
                switch (word) {
                    case "proc2" -> word("proc").testBit(31);
                    case "vmfunc" -> word("proc2").testBit(13);
                    default -> true;
                };
        return active ? unsigned(vmcs.get(CONTROL_FIELDS.get(word))) : BigInteger.ZERO;
    }

    private BigInteger cpuFact(String fact) {
        return switch (fact) {
            case "EFER_LMA" -> flag(eferLma);
            case "in_SMM" -> flag(inSmm);
            case "current_vmcs" -> unsigned(currentVmcs);
            case "intel64" -> flag(cpu.has(CpuFeature.LM));
            case "has_SGX" -> flag(cpu.has(CpuFeature.SGX));
            case "has_RTM" -> flag(cpu.has(CpuFeature.RTM));
            case "has_FRED", "has_LAM", "has_bus_lock_debug" -> BigInteger.ZERO;
            default -> throw new IllegalArgumentException("cpu." + fact);
        };
    }

    private BigInteger mask(String mask) {
        return switch (mask) {
            case "CR3" -> BigInteger.ONE.shiftLeft(cpu.physicalAddressWidth()).subtract(BigInteger.ONE);
            case "EFER" -> BigInteger.valueOf(0xD01);
            case "DEBUGCTL" -> BigInteger.valueOf(cpu.has(CpuFeature.RTM) ? 0xFFC3 : 0x7FC3);
            case "PERF_GLOBAL_CTRL" -> BigInteger.valueOf(0x7_0000_000FL);
            default -> throw new IllegalArgumentException("mask." + mask);
        };
    }

    private BigInteger byteAt(long address) {
        int aligned = memory.read32(address & ~3L);
        return BigInteger.valueOf(aligned >>> 8 * (address & 3) & 0xFF);
    }

    private static boolean allEqual(BigInteger value, int from) {
        BigInteger upper = value.shiftRight(from);
        return upper.signum() == 0 || upper.bitCount() == 64 - from;
    }

    private static boolean patOk(BigInteger value) {
        for (int i = 0; i < 8; i++) {
            int type = value.shiftRight(8 * i).intValue() & 0xFF;
            if (type > 7 || type == 2 || type == 3) {
                return false;
            }
        }
        return true;
    }

    private boolean pdpteOk(BigInteger x) {
        return !x.testBit(0)
                || !x.testBit(1)
                        && !x.testBit(2)
                        && (x.intValue() >> 5 & 0xF) == 0
                        && x.shiftRight(cpu.physicalAddressWidth()).signum() == 0;
    }

    private BigInteger slice(VmcsField field, int[] highAndLow) {
        return unsigned(vmcs.get(field) >>> highAndLow[1] & (1L << highAndLow[0] - highAndLow[1] + 1) - 1);
    }

    private static Boolean flagOf(long word, int bit) {
        return (word >> bit & 1) != 0;
    }

    private static BigInteger flag(boolean set) {
        return set ? BigInteger.ONE : BigInteger.ZERO;
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }

    private static Map.Entry<String, int[]> bits(String name, int high, int low) {
        return Map.entry(name, new int[] {high, low});
    }

    private static Map<String, Integer> controlBits() {
        Pattern line = Pattern.compile("^\\* (\\w+): ((?:.|\\n  )*)", Pattern.MULTILINE);
        Pattern control = Pattern.compile("(\\w+) (\\d+)");
        return line.matcher(SpecFile.text("control-bits.txt"))
                .results()
                .flatMap(l -> control.matcher(l.group(2)).results().map(c -> new Object[] {l.group(1), c}))
                .collect(Collectors.toMap(
                        pair -> pair[0] + "." + ((MatchResult) pair[1]).group(1),
                        pair -> Integer.valueOf(((MatchResult) pair[1]).group(2))));
    }
}
