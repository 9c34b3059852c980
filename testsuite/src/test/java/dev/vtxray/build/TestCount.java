package dev.vtxray.build;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * What Surefire says about the tests of one module. A test that was skipped because a tool of the host is missing would
 * have run elsewhere: it is told apart, so that the build is green without a C compiler and a silent skip is not.
 *
 * @param reported all test cases
 * @param skipped those that did not run
 * @param withoutTool those of the skipped whose message says that a tool {@code is not installed}
 */
record TestCount(int reported, int skipped, int withoutTool) {

    static final TestCount NONE = new TestCount(0, 0, 0);

    private static final String TOOL_IS_MISSING = "is not installed";

    /** Tests that ran, or would have run with all tools at hand. */
    int executed() {
        return reported - skipped + withoutTool;
    }

    /** Sums the reports {@code TEST-*.xml} of a folder; a folder that does not exist has none. */
    static TestCount of(Path reports) throws IOException {
        TestCount sum = NONE;
        if (Files.isDirectory(reports)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(reports, "TEST-*.xml")) {
                for (Path file : files) {
                    sum = sum.plus(ofReport(file));
                }
            }
        }
        return sum;
    }

    private TestCount plus(TestCount other) {
        return new TestCount(reported + other.reported, skipped + other.skipped, withoutTool + other.withoutTool);
    }

    private static TestCount ofReport(Path file) throws IOException {
        TestCount sum = NONE;
        try (InputStream in = Files.newInputStream(file)) {
            XMLStreamReader xml = XMLInputFactory.newFactory().createXMLStreamReader(in);
            while (xml.hasNext()) {
                if (xml.next() == XMLStreamConstants.START_ELEMENT) {
                    sum = sum.plus(ofElement(xml));
                }
            }
        } catch (XMLStreamException e) {
            throw new IllegalStateException(file + " is not a report of Surefire", e);
        }
        return sum;
    }

    private static TestCount ofElement(XMLStreamReader xml) {
        return switch (xml.getLocalName()) {
            case "testcase" -> new TestCount(1, 0, 0);
            case "skipped" -> new TestCount(0, 1, saysToolIsMissing(xml) ? 1 : 0);
            default -> NONE;
        };
    }

    private static boolean saysToolIsMissing(XMLStreamReader xml) {
        String message = xml.getAttributeValue(null, "message");
        return message != null && message.contains(TOOL_IS_MISSING);
    }
}
