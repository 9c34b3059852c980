package dev.vtxray.vmx.capability;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads a CPU profile from a properties file: one key per constant, {@code features} as words, {@code msr.480} and so
 * on for the capability MSRs. MSR values, masks and the signature are hexadecimal; an underscore may group their
 * digits.
 */
final class CpuProfileFile {
    static final List<String> NAMES = List.of("sandybridge-ep", "ivybridge-ep", "haswell", "haswell-ep", "skylake-sp");

    private final String name;
    private final Properties properties;
    private final Set<String> unread = new TreeSet<>();

    private CpuProfileFile(String name, Properties properties) {
        this.name = name;
        this.properties = properties;
        this.unread.addAll(properties.stringPropertyNames());
    }

    static CpuProfile load(String name) {
        try (InputStream in =
                CpuProfileFile.class.getResourceAsStream("/dev/vtxray/vmx/profiles/" + name + ".properties")) {
            if (in == null) {
                throw new IllegalStateException("the file of CPU profile " + name + " is missing from this build");
            }
            return read(name, new InputStreamReader(in, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the file of CPU profile " + name, e);
        }
    }

    /**
     * Reads a profile.
     *
     * @throws IllegalArgumentException if a key is missing, unknown or malformed, or if the values contradict each
     *     other
     */
    static CpuProfile read(String name, Reader text) throws IOException {
        Properties properties = new Properties();
        properties.load(text);
        return new CpuProfileFile(name, properties).profile();
    }

    private CpuProfile profile() {
        CpuProfile.Identity identity = new CpuProfile.Identity(
                name,
                value("brand"),
                (int) hex("signature"),
                (int) decimal("physicalAddressWidth"),
                (int) decimal("linearAddressWidth"),
                decimal("tscKilohertz"));
        CpuProfile.MsrMasks masks =
                new CpuProfile.MsrMasks(hex("mask.EFER"), hex("mask.DEBUGCTL"), hex("mask.PERF_GLOBAL_CTRL"));
        Set<CpuFeature> features = features();
        long[] msrs = new long[VmxCapabilities.COUNT];
        for (int i = 0; i < msrs.length; i++) {
            int msr = VmxCapabilities.FIRST + i;
            if (msr != VmxCapabilities.VMCS_ENUM) {
                msrs[i] = hex("msr.%X".formatted(msr));
            }
        }
        if (!unread.isEmpty()) {
            throw new IllegalArgumentException("CPU profile %s: unknown keys %s".formatted(name, unread));
        }
        try {
            return new CpuProfile(identity, masks, features, new VmxCapabilities(msrs));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("CPU profile %s is nonsense: %s".formatted(name, e.getMessage()), e);
        }
    }

    private Set<CpuFeature> features() {
        Set<CpuFeature> features = EnumSet.noneOf(CpuFeature.class);
        for (String word : value("features").trim().split("\\s+")) {
            try {
                features.add(CpuFeature.valueOf(word.toUpperCase(Locale.ROOT)));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("CPU profile %s: unknown feature \"%s\"".formatted(name, word), e);
            }
        }
        return features;
    }

    private long hex(String key) {
        return number(key, 16);
    }

    private long decimal(String key) {
        return number(key, 10);
    }

    private long number(String key, int radix) {
        String text = value(key).replace("_", "");
        try {
            return Long.parseUnsignedLong(text, radix);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "CPU profile %s: %s = %s is no base-%d number".formatted(name, key, text, radix), e);
        }
    }

    private String value(String key) {
        @Nullable String value = properties.getProperty(key);
        if (value == null) {
            throw new IllegalArgumentException("CPU profile %s: %s is missing".formatted(name, key));
        }
        unread.remove(key);
        return value;
    }
}
