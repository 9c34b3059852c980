package dev.vtxray.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SourceRuleTests {

    @Test
    void coreSaysNoWordOfVirtualization() {
        checkThatNobodySays(Vocabulary.OF_VIRTUALIZATION, HouseModule.CORE.allSources());
    }

    @Test
    void apicSaysNoWordOfVmxControls() {
        checkThatNobodySays(Vocabulary.OF_VMX_CONTROLS, HouseModule.APIC.mainSources());
    }

    @Test
    void vmxSaysNoWordOfNesting() {
        checkThatNobodySays(Vocabulary.OF_NESTING, HouseModule.VMX.mainSources());
    }

    @ParameterizedTest
    @EnumSource
    void everyPackageSaysWhatBelongsInIt(HouseModule module) {
        assertThat(module.mainSources()).map(Path::getParent).allSatisfy(folder -> assertThat(
                        Files.exists(folder.resolve("package-info.java")))
                .as("%s has a package-info.java", folder)
                .isTrue());
    }

    @ParameterizedTest
    @ValueSource(strings = {"VMXON", "Vmcs", "EPT violation", "EptWalk", "theEptRoot", "EPTP", "a VM exit", "VM_ENTRY"})
    void wordsOfVirtualizationAreHeard(String text) {
        assertThat(Vocabulary.OF_VIRTUALIZATION.isSpokenIn(text)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"except", "EXCEPTION", "acceptsAll", "kept", "vm", "LEPTON", "virtual-8086", "exits"})
    void innocentWordsAreNot(String text) {
        assertThat(Vocabulary.OF_VIRTUALIZATION.isSpokenIn(text)).isFalse();
    }

    private static void checkThatNobodySays(Vocabulary vocabulary, List<Path> files) {
        assertThat(files.stream().flatMap(vocabulary::findIn)).isEmpty();
    }
}
