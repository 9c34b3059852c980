package dev.vtxray.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;

import java.lang.management.ThreadMXBean;
import java.security.SecureRandom;
import java.util.Calendar;
import java.util.Date;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

/** The same image and the same seed give the same trace, byte for byte: nothing that differs between two runs is read. */
class DeterminismTests {

    private static final String[] MACHINE = {
        HouseModule.CORE.packages(),
        HouseModule.APIC.packages(),
        HouseModule.VMX.packages(),
        HouseModule.NESTED.packages()
    };

    @Test
    void onlyTheBenchmarksReadTheClockOfTheHost() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.vtxray.testkit.cli.bench")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.time..")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(Date.class, Calendar.class, ThreadMXBean.class)
                .check(MainClasses.ALL);
    }

    @Test
    void nobodyDrawsARandomNumberWithoutASeed() {
        noClasses()
                .should()
                .callMethod(Math.class, "random")
                .orShould()
                .callConstructor(Random.class)
                .orShould()
                .callMethod(UUID.class, "randomUUID")
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(ThreadLocalRandom.class, SecureRandom.class)
                .check(MainClasses.ALL);
    }

    @Test
    void aMachineHasNoThreads() {
        noClasses()
                .that()
                .resideInAnyPackage(MACHINE)
                .should()
                .dependOnClassesThat()
                .areAssignableTo(Thread.class)
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("java.util.concurrent..")
                .allowEmptyShould(HouseModule.CORE.isEmpty())
                .check(MainClasses.ALL);
    }

    @Test
    void machinesShareNoVariable() {
        fields().that()
                .areDeclaredInClassesThat()
                .resideInAnyPackage(MACHINE)
                .and()
                .areStatic()
                .should()
                .beFinal()
                .allowEmptyShould(true)
                .check(MainClasses.ALL);
    }

    @Test
    void onlyTheCommandLineWritesToTheStandardStreams() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.vtxray.testkit.cli..")
                .should(ACCESS_STANDARD_STREAMS)
                .allowEmptyShould(HouseModule.CORE.isEmpty())
                .check(MainClasses.ALL);
    }
}
