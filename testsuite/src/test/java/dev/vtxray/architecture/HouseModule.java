package dev.vtxray.architecture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The modules in the order of their dependencies: each may know those above it. */
enum HouseModule {
    CORE("emulator-core", "dev.vtxray.core"),
    APIC("apic", "dev.vtxray.apic"),
    VMX("vmx", "dev.vtxray.vmx"),
    NESTED("nested", "dev.vtxray.nested"),
    TESTKIT("testsuite", "dev.vtxray.testkit");

    private final String folder;
    private final String rootPackage;

    HouseModule(String folder, String rootPackage) {
        this.folder = folder;
        this.rootPackage = rootPackage;
    }

    /** The package of the module and all below it, in ArchUnit's notation. */
    String packages() {
        return rootPackage + "..";
    }

    /** The Java files of the module's artefact, without the module declaration. */
    List<Path> mainSources() {
        return javaFiles("src/main/java").stream()
                .filter(file -> !file.endsWith("module-info.java"))
                .toList();
    }

    /** All Java files of the module, tests too. */
    List<Path> allSources() {
        return javaFiles("src");
    }

    /** A module that has no code yet breaks no rule; one that has code must be seen by the rules. */
    boolean isEmpty() {
        return mainSources().isEmpty();
    }

    private List<Path> javaFiles(String below) {
        Path start = Path.of("..", folder, below);
        try (Stream<Path> files = Files.walk(start)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("run from the folder of a module, beside " + folder, e);
        }
    }
}
