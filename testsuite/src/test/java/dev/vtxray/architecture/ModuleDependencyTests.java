package dev.vtxray.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static dev.vtxray.architecture.HouseModule.APIC;
import static dev.vtxray.architecture.HouseModule.CORE;
import static dev.vtxray.architecture.HouseModule.NESTED;
import static dev.vtxray.architecture.HouseModule.VMX;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ModuleDependencyTests {

    private static final List<String> EVERYWHERE = List.of("java..", "org.slf4j..", "org.jspecify..");

    @Test
    void coreKnowsNoOtherModule() {
        checkThatOnlyKnows(CORE);
    }

    @Test
    void apicKnowsOnlyCore() {
        checkThatOnlyKnows(APIC, CORE);
    }

    @Test
    void vmxKnowsOnlyApicAndCore() {
        checkThatOnlyKnows(VMX, APIC, CORE);
    }

    @Test
    void nestedKnowsOnlyVmxApicAndCore() {
        checkThatOnlyKnows(NESTED, VMX, APIC, CORE);
    }

    @Test
    void onlyTheCommandLineKnowsItsParser() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.vtxray.testkit.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("picocli..")
                .allowEmptyShould(CORE.isEmpty())
                .check(MainClasses.ALL);
    }

    @Test
    void nobodyCallsTheCommandLine() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.vtxray.testkit.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.vtxray.testkit.cli..")
                .allowEmptyShould(CORE.isEmpty())
                .check(MainClasses.ALL);
    }

    @Test
    void nobodyKnowsTheImplementationOfTheLogger() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ch.qos.logback..", "java.util.logging..")
                .check(MainClasses.ALL);
    }

    private static void checkThatOnlyKnows(HouseModule module, HouseModule... known) {
        String[] allowed = Stream.of(
                        EVERYWHERE.stream(),
                        Stream.of(module.packages()),
                        Stream.of(known).map(HouseModule::packages))
                .flatMap(packages -> packages)
                .toArray(String[]::new);
        classes()
                .that()
                .resideInAPackage(module.packages())
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(allowed)
                .allowEmptyShould(module.isEmpty())
                .check(MainClasses.ALL);
    }
}
