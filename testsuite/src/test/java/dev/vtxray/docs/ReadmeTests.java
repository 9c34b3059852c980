package dev.vtxray.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.testkit.vmx.SingleGuest;
import dev.vtxray.vmx.entry.VmEntryReport;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of the README. */
class ReadmeTests {
    private static final Path README = Path.of("..", "README.md");

    @Test
    void theEmbeddingExampleCompilesAndHolds(@TempDir Path classes) throws Exception {
        String source = block("```java\nimport static");
        compile("MyHypervisorTest", source, classes);
        try (URLClassLoader loader = new URLClassLoader(
                new URL[] {classes.toUri().toURL()}, getClass().getClassLoader())) {
            Class<?> example = loader.loadClass("MyHypervisorTest");
            var constructor = example.getDeclaredConstructor();
            constructor.setAccessible(true);
            Object instance = constructor.newInstance();
            for (Method method : example.getDeclaredMethods()) {
                if (!method.isSynthetic()) {
                    method.setAccessible(true);
                    method.invoke(instance);
                }
            }
        }
    }

    @Test
    void theEmbeddingExampleIsShort() throws Exception {
        long statements = block("```java\nimport static")
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith("import"))
                .count();
        assertThat(statements).isLessThanOrEqualTo(15);
    }

    @Test
    void theFailedEntryIsExplainedAsShown() throws Exception {
        assertThat(readme()).contains("SingleGuest.on(\"haswell\").set(VmcsField.GUEST_RFLAGS, 0).tryEnter();");
        SingleGuest guest = SingleGuest.on("haswell").set(VmcsField.GUEST_RFLAGS, 0);
        guest.tryEnter();
        VmEntryReport report = Objects.requireNonNull(guest.unit().lastEntryReport());
        assertThat(block("```\nVM entry failed").strip())
                .isEqualTo(report.render().strip());
    }

    @Test
    void theTwoCommandsAreThoseThatTheBuildAnswers() throws Exception {
        assertThat(readme()).contains("```\nmvn -q compile exec:java\n```").contains("```\nmvn verify\n```");
        assertThat(Files.readString(Path.of("..", ".ci", "run"))).contains("mvn -B verify");
    }

    private static String readme() throws Exception {
        return Files.readString(README);
    }

    /** The code block that begins so, without its fences. */
    private static String block(String beginning) throws Exception {
        String text = readme();
        int start = text.indexOf(beginning);
        assertThat(start).as("a block that begins with %s", beginning).isNotNegative();
        int body = text.indexOf('\n', start) + 1;
        return text.substring(body, text.indexOf("```", body));
    }

    private static void compile(String name, String source, Path into) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        JavaFileObject file =
                new SimpleJavaFileObject(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return source;
                    }
                };
        StringWriter messages = new StringWriter();
        List<String> options =
                List.of("-d", into.toString(), "-classpath", System.getProperty("java.class.path"), "-proc:none");
        boolean compiled = compiler.getTask(messages, null, null, options, null, List.of(file))
                .call();
        assertThat(compiled)
                .as("%s", messages.toString().toLowerCase(Locale.ROOT))
                .isTrue();
    }
}
