package dev.vtxray.vmx.entry;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Parses the predicates of vm-entry-checks.csv. Written from the grammar alone, apart from the product's table; a node
 * yields a {@link BigInteger} or a {@link Boolean}.
 */
final class PredicateParser {
    private static final Pattern TOKEN = Pattern.compile(
            "\\s*(0x[0-9A-Fa-f]+|\\d+|[A-Za-z_][A-Za-z0-9_.]*|!=|<=|>=|<<|>>|[=<>|&+\\-*~\\[\\](){},:])");

    private final List<String> tokens = new ArrayList<>();
    private final Set<String> names = new LinkedHashSet<>();
    private int next;

    /** A parsed expression. */
    interface Node {
        Object value(PredicateEvaluator facts);
    }

    /** A parsed predicate with the names that it reads, those inside supports() and ctl0() apart. */
    record Parsed(Node node, Set<String> names) {
        boolean holds(PredicateEvaluator facts) {
            return (Boolean) node.value(facts);
        }
    }

    private PredicateParser(String text) {
        Matcher matcher = TOKEN.matcher(text);
        int end = 0;
        while (end < text.length()) {
            if (!matcher.find(end) || matcher.start() != end) {
                throw new IllegalArgumentException("cannot read \"" + text.substring(end) + "\"");
            }
            tokens.add(matcher.group(1));
            end = matcher.end();
        }
    }

    static Parsed parse(String text) {
        PredicateParser parser = new PredicateParser(text);
        Node node = parser.disjunction();
        if (parser.next != parser.tokens.size()) {
            throw new IllegalArgumentException("\"" + text + "\" goes on after token " + parser.next);
        }
        return new Parsed(node, parser.names);
    }

    private Node disjunction() {
        Node left = conjunction();
        while (accept("or")) {
            Node a = left;
            Node b = conjunction();
            left = facts -> (Boolean) a.value(facts) || (Boolean) b.value(facts);
        }
        return left;
    }

    private Node conjunction() {
        Node left = negation();
        while (accept("and")) {
            Node a = left;
            Node b = negation();
            left = facts -> (Boolean) a.value(facts) && (Boolean) b.value(facts);
        }
        return left;
    }

    private Node negation() {
        if (accept("not")) {
            Node operand = negation();
            return facts -> !(Boolean) operand.value(facts);
        }
        return comparison();
    }

    private Node comparison() {
        Node left = binary(0);
        if (accept("in")) {
            return membership(left);
        }
        for (String operator : List.of("=", "!=", "<", "<=", ">", ">=")) {
            if (accept(operator)) {
                Node right = binary(0);
                return facts -> compare(number(left, facts).compareTo(number(right, facts)), operator);
            }
        }
        return left;
    }

    private static boolean compare(int order, String operator) {
        return switch (operator) {
            case "=" -> order == 0;
            case "!=" -> order != 0;
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            default -> order >= 0;
        };
    }

    private Node membership(Node left) {
        expect("{");
        List<BigInteger[]> ranges = new ArrayList<>();
        do {
            BigInteger low = literal(take());
            ranges.add(new BigInteger[] {low, accept("-") ? literal(take()) : low});
        } while (accept(","));
        expect("}");
        return facts -> {
            BigInteger value = number(left, facts);
            return ranges.stream().anyMatch(r -> r[0].compareTo(value) <= 0 && value.compareTo(r[1]) <= 0);
        };
    }

    private static final List<List<String>> BINARY =
            List.of(List.of("|"), List.of("&"), List.of("<<", ">>"), List.of("+", "-"), List.of("*"));

    private Node binary(int level) {
        if (level == BINARY.size()) {
            return unary();
        }
        Node left = binary(level + 1);
        while (next < tokens.size() && BINARY.get(level).contains(tokens.get(next))) {
            String operator = take();
            Node a = left;
            Node b = binary(level + 1);
            left = facts -> apply(operator, number(a, facts), number(b, facts));
        }
        return left;
    }

    private static BigInteger apply(String operator, BigInteger a, BigInteger b) {
        return switch (operator) {
            case "|" -> a.or(b);
            case "&" -> a.and(b);
            case "<<" -> a.shiftLeft(b.intValueExact());
            case ">>" -> a.shiftRight(b.intValueExact());
            case "+" -> a.add(b);
            case "-" -> a.subtract(b);
            default -> a.multiply(b);
        };
    }

    private Node unary() {
        if (accept("~")) {
            Node operand = unary();
            return facts -> number(operand, facts).not();
        }
        return slice(primary());
    }

    private Node slice(Node value) {
        if (!accept("[")) {
            return value;
        }
        Node high = binary(0);
        Node low = accept(":") ? binary(0) : high;
        expect("]");
        return facts -> {
            int l = number(low, facts).intValueExact();
            int width = number(high, facts).intValueExact() - l + 1;
            return number(value, facts)
                    .shiftRight(l)
                    .and(BigInteger.ONE.shiftLeft(width).subtract(BigInteger.ONE));
        };
    }

    private Node primary() {
        if (accept("(")) {
            Node inner = disjunction();
            expect(")");
            return slice(inner);
        }
        String token = take();
        if (Character.isDigit(token.charAt(0))) {
            BigInteger value = literal(token);
            return facts -> value;
        }
        if (accept("(")) {
            return call(token);
        }
        names.add(token);
        return facts -> facts.name(token);
    }

    private Node call(String function) {
        if (List.of("supports", "ctl0", "ctl1").contains(function)) {
            String word = take();
            expect(")");
            return facts -> facts.capability(function, word);
        }
        if (accept(")")) {
            return facts -> facts.function(function, BigInteger.ZERO);
        }
        Node argument = binary(0);
        while (accept(",")) {
            binary(0);
        }
        expect(")");
        return facts -> facts.function(function, number(argument, facts));
    }

    private static BigInteger number(Node node, PredicateEvaluator facts) {
        return (BigInteger) node.value(facts);
    }

    private static BigInteger literal(String token) {
        return token.startsWith("0x") ? new BigInteger(token.substring(2), 16) : new BigInteger(token);
    }

    private boolean accept(String token) {
        if (next < tokens.size() && tokens.get(next).equals(token)) {
            next++;
            return true;
        }
        return false;
    }

    private void expect(String token) {
        if (!accept(token)) {
            throw new IllegalArgumentException("expected " + token + " at token " + next + " of " + tokens);
        }
    }

    private String take() {
        return tokens.get(next++);
    }
}
