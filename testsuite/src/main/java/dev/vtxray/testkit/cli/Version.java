package dev.vtxray.testkit.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version that the build wrote into a resource beside this class. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() throws IOException {
        Properties build = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            build.load(Objects.requireNonNull(in, "version.properties is missing from the jar"));
        }
        return new String[] {"VTXray " + build.getProperty("version")};
    }
}
