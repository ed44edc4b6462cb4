package dev.visionllm.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Wordings of questions and answers per task, from text files {@code TASK.txt}: blocks of lines
 * with {@code ?} for questions and {@code =} or {@code =CASE} for answers, blocks divided by blank
 * lines, {@code #} for remarks, names in braces filled in. Which names a task knows, and which a
 * question must hold, is with {@link Task}; {@code {tools}} stands for an answer's tool calls, such
 * as "dog[DET], cat[DET]".
 */
public final class Templates {
  /** Question and answer, filled in. */
  public record Wording(String question, String answer) {}

  private record Block(List<String> questions, Map<String, List<String>> answers) {}

  private static final Pattern PLACEHOLDER = Pattern.compile("\\{([^{}]*)}");

  private final Map<Task, List<Block>> blocks;

  private Templates(Map<Task, List<Block>> blocks) {
    this.blocks = blocks;
  }

  /** The templates that ship with the library. */
  public static Templates builtIn() {
    Map<Task, List<Block>> all = new EnumMap<>(Task.class);
    for (Task task : Task.values()) {
      if (task != Task.DIALOGUE)
        all.put(task, parse(task, resource(task), "built-in templates of " + task.word()));
    }
    return new Templates(all);
  }

  /**
   * Templates of a folder; tasks that it has no file for keep the built-in ones.
   *
   * @throws IllegalArgumentException if the folder holds no template file, or a file has an unknown
   *     placeholder, a question without one that it needs, an answer without its tool calls, a
   *     block without questions or a missing kind of answer
   */
  public static Templates load(Path folder) throws IOException {
    if (!Files.isDirectory(folder))
      throw new IllegalArgumentException("templates folder " + folder + " does not exist");
    Map<Task, List<Block>> all = new EnumMap<>(builtIn().blocks);
    boolean found = false;
    for (Task task : all.keySet()) {
      Path file = folder.resolve(task.word() + ".txt");
      if (!Files.exists(file)) continue;
      found = true;
      all.put(task, parse(task, Files.readString(file), file.toString()));
    }
    if (!found) {
      throw new IllegalArgumentException(
          "templates folder " + folder + " holds no template file, such as caption.txt");
    }
    return new Templates(all);
  }

  /**
   * Picks a block, then one of its questions and one of its answers.
   *
   * @param kind kind of answer: "", or one that the task names, such as "yes"
   */
  public Wording pick(Task task, String kind, Map<String, String> values, RandomGenerator random) {
    List<Block> list = blocks.get(task);
    int questions = list.stream().mapToInt(b -> b.questions().size()).sum();
    int k = random.nextInt(questions); // every question equally often
    Block block = list.get(0);
    for (Block b : list) {
      block = b;
      if (k < b.questions().size()) break;
      k -= b.questions().size();
    }
    List<String> answers = block.answers().get(kind);
    String answer = answers.get(random.nextInt(answers.size()));
    return new Wording(fill(block.questions().get(k), values), fill(answer, values));
  }

  /** Number of questions of a task. */
  public int questions(Task task) {
    return blocks.getOrDefault(task, List.of()).stream().mapToInt(b -> b.questions().size()).sum();
  }

  static String fill(String template, Map<String, String> values) {
    return PLACEHOLDER
        .matcher(template)
        .replaceAll(
            m -> {
              String value = values.get(m.group(1));
              if (value == null)
                throw new IllegalStateException(
                    "no value for {" + m.group(1) + "} in: " + template);
              return Matcher.quoteReplacement(value);
            });
  }

  static List<Block> parse(Task task, String text, String name) {
    List<Block> blocks = new ArrayList<>();
    Block open = null;
    int number = 0;
    for (String raw : text.lines().toList()) {
      number++;
      String line = raw.strip();
      if (line.startsWith("#")) continue;
      if (line.isEmpty()) {
        open = null;
        continue;
      }
      if (open == null) {
        open = new Block(new ArrayList<>(), new HashMap<>());
        blocks.add(open);
      }
      String where = name + " line " + number;
      if (line.startsWith("?")) {
        open.questions().add(question(task, line.substring(1).strip(), where));
      } else if (line.startsWith("=")) {
        String rest = line.substring(1);
        int space = rest.indexOf(' ');
        String kind = space < 0 ? "" : rest.substring(0, space);
        if (!task.cases().contains(kind)) {
          throw new IllegalArgumentException(
              where + ": kind of answer '" + kind + "' is not one of " + task.cases());
        }
        open.answers()
            .computeIfAbsent(kind, k -> new ArrayList<>())
            .add(answer(task, kind, rest.substring(space + 1).strip(), where));
      } else {
        throw new IllegalArgumentException(where + " starts with neither ? nor = nor #: " + line);
      }
    }
    if (blocks.isEmpty()) throw new IllegalArgumentException(name + " hold no templates");
    for (Block b : blocks) {
      if (b.questions().isEmpty())
        throw new IllegalArgumentException(name + ": a block has answers but no question");
      for (String kind : task.cases()) {
        if (!b.answers().containsKey(kind)) {
          throw new IllegalArgumentException(
              name
                  + ": the block of '"
                  + b.questions().get(0)
                  + "' lacks an answer that starts with ="
                  + kind);
        }
      }
    }
    return blocks;
  }

  /** A question holds each of the task's placeholders once, and no others. */
  private static String question(Task task, String template, String where) {
    List<String> held = placeholders(template, where);
    Set<String> known = new TreeSet<>();
    task.asks().forEach(ask -> known.addAll(ask.names()));
    known(held, known, where);
    for (Task.Asked ask : task.asks()) {
      long n = held.stream().filter(ask.names()::contains).count();
      if (n > 1 || n == 0 && !ask.optional()) {
        throw new IllegalArgumentException(
            where
                + ": a question of task "
                + task.word()
                + " holds exactly one {"
                + String.join("} or {", new TreeSet<>(ask.names()))
                + "}, not "
                + n);
      }
    }
    return template;
  }

  /** An answer holds known placeholders only, and where the task calls tools the calls, once. */
  private static String answer(Task task, String kind, String template, String where) {
    List<String> held = placeholders(template, where);
    known(held, task.answers(), where);
    int calls = Collections.frequency(held, Task.TOOLS);
    if (kind.isEmpty() && task.answers().contains(Task.TOOLS) && calls != 1) {
      throw new IllegalArgumentException(
          where
              + ": an answer of task "
              + task.word()
              + " holds {tools} exactly once, where the tools are called, not "
              + calls
              + " times");
    }
    return template;
  }

  private static List<String> placeholders(String template, String where) {
    if (template.isEmpty()) throw new IllegalArgumentException(where + " is empty");
    return PLACEHOLDER.matcher(template).results().map(m -> m.group(1)).toList();
  }

  private static void known(List<String> held, Set<String> known, String where) {
    for (String name : held) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            where
                + ": unknown placeholder {"
                + name
                + "}, expected one of "
                + known.stream().sorted().toList());
      }
    }
  }

  private static String resource(Task task) {
    try (InputStream in =
        Templates.class.getResourceAsStream("templates/" + task.word() + ".txt")) {
      if (in == null)
        throw new IllegalStateException(
            "resource templates/" + task.word() + ".txt is missing from the jar");
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(
          "templates of " + task.word() + " cannot be read: " + e.getMessage(), e);
    }
  }
}
