package dev.vtxray.vmx.capability;

import java.util.LinkedHashMap;
import java.util.Map;

/** The profiles that come with VTXray, each read once: building a machine must not cost the parsing of a file. */
final class KnownProfiles {
    private static final Map<String, CpuProfile> BY_NAME = read();

    private KnownProfiles() {}

    private static Map<String, CpuProfile> read() {
        Map<String, CpuProfile> profiles = new LinkedHashMap<>();
        for (String name : CpuProfileFile.NAMES) {
            profiles.put(name, CpuProfileFile.load(name));
        }
        return profiles;
    }

    /** @throws IllegalArgumentException if there is none of this name; the message lists the known names */
    static CpuProfile named(String name) {
        CpuProfile profile = BY_NAME.get(name);
        if (profile == null) {
            throw new IllegalArgumentException("unknown CPU profile \"%s\"; known are %s"
                    .formatted(name, String.join(", ", CpuProfileFile.NAMES)));
        }
        return profile;
    }
}
