package dev.visionllm.eval;

import dev.visionllm.data.Dialogue;
import dev.visionllm.geometry.Box;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Detection;
import dev.visionllm.vlm.AnswerText;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Runs a model over annotated pictures and scores what it says and finds. */
public final class Suites {

  /** What a suite needs of a model. */
  public interface Subject {
    /** One answer for each prompt. @param maxTokens most tokens of an answer */
    List<Answer> ask(List<Prompt> prompts, int maxTokens);

    /** Boxes of named classes whose score exceeds the threshold, best first. */
    List<Detection> detect(Raster picture, List<String> classes, double threshold);

    /** The score that a detection must exceed unless the user says otherwise. */
    double threshold();

    /** A loaded model: greedy answers, guided detection. */
    static Subject of(VisionLlm model) {
      return new Loaded(model);
    }
  }

  private record Loaded(VisionLlm model) implements Subject {
    @Override
    public List<Answer> ask(List<Prompt> prompts, int maxTokens) {
      var o = model.options();
      return model.ask(prompts, new VisionLlm.Options(maxTokens, 1, o.sampling(), o.threshold()));
    }

    @Override
    public List<Detection> detect(Raster picture, List<String> classes, double threshold) {
      return model.detect(picture, classes, threshold);
    }

    @Override
    public double threshold() {
      return model.config().threshold();
    }
  }

  /**
   * How suites run.
   *
   * @param classes number of classes that a picture is searched for; pictures that show more are
   *     searched for all that they show
   * @param batch questions that are answered together
   */
  public record Settings(int classes, int batch) {
    /** 20 classes a picture, 16 questions at a time. */
    public static final Settings DEFAULT = new Settings(20, 16);

    /** Refuses values without a meaning. */
    public Settings {
      if (classes < 1 || batch < 1 || batch > 1024) {
        throw new IllegalArgumentException(
            "classes is %d, should be at least 1; batch %d, should be 1 to 1024"
                .formatted(classes, batch));
      }
    }
  }

  /** Told how far a suite is. */
  public interface Progress {
    /**
     * @param done pictures or questions of {@code all}
     */
    void at(int done, int all);
  }

  private record Question(SceneSet.Picture picture, Dialogue dialogue) {
    String text() {
      return dialogue.turns().get(0).text();
    }

    String reply() {
      return dialogue.turns().get(1).text();
    }

    String truth() {
      if (dialogue.answer() == null) {
        throw new IllegalArgumentException(
            "conversation %s of task %s has no \"answer\" to compare with"
                .formatted(dialogue.id(), dialogue.task()));
      }
      return dialogue.answer();
    }
  }

  /** A question and what the model said. */
  private record Said(Question question, Answer whole) {
    String answer() {
      return whole.text();
    }
  }

  private record Rows(Map<String, Double> rows) implements Scores {}

  private static final int MOST_DETECTIONS = 100; // per picture, as COCO counts
  private static final int WINDOW = 16; // batches that are sorted by length together

  private Suites() {}

  /** Number of pictures or questions that a suite finds in a set. */
  public static int size(Suite suite, SceneSet set) {
    return switch (suite) {
      case DETECTION, EMPTY -> set.pictures().size();
      case VQA, RECOGNITION, CAPTION, ROUTING -> questions(suite, set).size();
    };
  }

  /** Refuses a set that has nothing for a suite. */
  public static void check(Suite suite, SceneSet set) {
    if (size(suite, set) == 0) {
      throw new IllegalArgumentException(
          "the data has nothing for suite "
              + suite.word()
              + (suite.tasks().isEmpty()
                  ? ": instances.json lists no pictures"
                  : ": conversations.jsonl needs single questions of task "
                      + String.join(", ", suite.tasks().stream().sorted().toList())
                      + " about these pictures"));
    }
  }

  /**
   * Runs one suite.
   *
   * @throws IllegalArgumentException if the set has nothing for the suite, or a record or picture
   *     is not as it should be
   * @throws IOException if a picture cannot be read
   */
  public static Scores run(
      Suite suite, Subject subject, SceneSet set, Settings settings, Progress progress)
      throws IOException {
    check(suite, set);
    return switch (suite) {
      case DETECTION -> detection(subject, set, settings, progress);
      case EMPTY -> empty(subject, set, settings, progress);
      case VQA -> vqa(ask(suite, subject, set, settings, progress));
      case RECOGNITION ->
          recognition(ask(suite, subject, set, settings, progress), set.classes().values());
      case CAPTION -> caption(ask(suite, subject, set, settings, progress), set);
      case ROUTING -> routing(ask(suite, subject, set, settings, progress));
    };
  }

  /** Guided: the classes shown, and absent ones up to the number of the settings. */
  private static Scores detection(
      Subject subject, SceneSet set, Settings settings, Progress progress) throws IOException {
    var ids = new HashMap<String, Long>();
    set.classes().forEach((id, name) -> ids.put(name, id));
    var truths = new ArrayList<CocoEval.Truth<CocoEval.CocoBox>>();
    var guesses = new ArrayList<CocoEval.Guess<CocoEval.CocoBox>>();
    int done = 0;
    for (var picture : set.pictures()) {
      for (var o : picture.objects()) {
        truths.add(
            new CocoEval.Truth<>(
                picture.id(),
                o.categoryId(),
                CocoEval.CocoBox.of(o.box()),
                o.area(),
                o.crowd(),
                o.crowd()));
      }
      var asked = named(set, picture, settings.classes(), true);
      if (!asked.isEmpty()) {
        var found = subject.detect(ImageFiles.read(picture.file()), asked, 0);
        for (var d : found.subList(0, Math.min(MOST_DETECTIONS, found.size()))) {
          guesses.add(CocoEval.Guess.box(picture.id(), ids.get(d.label()), d.box(), d.score()));
        }
      }
      progress.at(++done, set.pictures().size());
    }
    return CocoEval.boxes(truths, guesses);
  }

  /** Only absent classes are named, in pictures that hold nothing and in those that do. */
  private static Scores empty(Subject subject, SceneSet set, Settings settings, Progress progress)
      throws IOException {
    var nothing = new ArrayList<List<Detection>>();
    var others = new ArrayList<List<Detection>>();
    double threshold = subject.threshold();
    int done = 0;
    for (var picture : set.pictures()) {
      var asked = named(set, picture, settings.classes(), false);
      if (!asked.isEmpty()) {
        var found = subject.detect(ImageFiles.read(picture.file()), asked, threshold);
        (picture.objects().isEmpty() ? nothing : others).add(found);
      }
      progress.at(++done, set.pictures().size());
    }
    var none = EmptyPictures.score(nothing, threshold);
    var absent = EmptyPictures.score(others, threshold);
    var rows = new LinkedHashMap<String, Double>();
    rows.put("empty pictures with a detection", none.share());
    rows.put("false detections per empty picture", none.perPicture());
    rows.put("empty pictures", (double) none.pictures());
    rows.put("other pictures with a detection of an absent class", absent.share());
    rows.put("false detections per other picture", absent.perPicture());
    rows.put("other pictures", (double) absent.pictures());
    rows.put("threshold", threshold);
    return new Rows(rows);
  }

  /** The class names that a picture is searched for: always the same for the same picture. */
  private static List<String> named(
      SceneSet set, SceneSet.Picture picture, int most, boolean withPresent) {
    var present = set.present(picture);
    var absent = new ArrayList<>(new TreeSet<>(set.classes().values()));
    absent.removeAll(present);
    var random = new Random(picture.id());
    Collections.shuffle(absent, random);
    var names = new ArrayList<>(withPresent ? present : List.<String>of());
    names.addAll(absent.subList(0, Math.max(0, Math.min(absent.size(), most - names.size()))));
    Collections.shuffle(names, random);
    return names;
  }

  private static Scores vqa(List<Said> all) {
    var options = new HashMap<String, Set<String>>(); // truths of each task
    for (var s : all) {
      options
          .computeIfAbsent(s.question().dialogue().task(), t -> new LinkedHashSet<>())
          .add(s.question().truth());
    }
    var items = new ArrayList<Vqa.Item>();
    for (var s : all) {
      var task = s.question().dialogue().task();
      var truth = s.question().truth();
      items.add(
          switch (task) {
            case "existence" -> new Vqa.Existence(task, s.answer(), yes(s.question()));
            case "counting" -> new Vqa.Counting(task, counted(s.whole()), count(s.question()));
            case "negative" -> new Vqa.Absent(task, s.answer());
            case "relation" ->
                new Vqa.Choice(
                    task, s.answer(), yes(s.question()) ? "yes" : "no", List.of("yes", "no"));
            // the rest of a sentence may hold another option, as in "green, the orange is green"
            default ->
                new Vqa.Choice(task, head(s.answer()), truth, List.copyOf(options.get(task)));
          });
    }
    return Vqa.score(items);
  }

  private static boolean yes(Question q) {
    return Vqa.yesNo(q.truth())
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "conversation %s of task %s has the answer \"%s\", should be yes or no"
                        .formatted(q.dialogue().id(), q.dialogue().task(), q.truth())));
  }

  private static int count(Question q) {
    if (!q.truth().matches("[0-9]{1,9}")) {
      throw new IllegalArgumentException(
          "conversation %s of task counting has the answer \"%s\", should be a number"
              .formatted(q.dialogue().id(), q.truth()));
    }
    return Integer.parseInt(q.truth());
  }

  /** The number of boxes where the answer calls the detector, and else the answer's words. */
  private static String counted(Answer answer) {
    var counts = AnswerText.counts(answer);
    return counts.isEmpty()
        ? answer.text()
        : Integer.toString(counts.values().stream().mapToInt(Integer::intValue).sum());
  }

  /** Up to the first comma or full stop. */
  private static String head(String answer) {
    return answer.split("[,.;]", 2)[0];
  }

  private static Scores recognition(List<Said> all, Iterable<String> classes) {
    var names = new ArrayList<String>();
    classes.forEach(names::add);
    return Recognition.score(
        all.stream().map(s -> new Recognition.Item(s.answer(), s.question().truth())).toList(),
        names);
  }

  private static Scores caption(List<Said> all, SceneSet set) {
    return CaptionObjects.score(
        all.stream()
            .map(
                s ->
                    new CaptionObjects.Item(
                        s.answer(), new HashSet<>(set.present(s.question().picture()))))
            .toList(),
        set.classes().values());
  }

  /** What the answers call against what the written replies call; by task. */
  private static Scores routing(List<Said> all) {
    var byTask =
        all.stream()
            .collect(
                Collectors.groupingBy(
                    s -> s.question().dialogue().task(),
                    LinkedHashMap::new,
                    Collectors.mapping(
                        s -> new Routing.Item(calls(s.answer()), calls(s.question().reply())),
                        Collectors.toList())));
    var rows = new LinkedHashMap<String, Double>();
    for (var task : List.of("detection_free", "detection")) {
      if (byTask.containsKey(task)) {
        Routing.score(byTask.get(task))
            .rows()
            .forEach((name, value) -> rows.put(task + ": " + name, value));
      }
    }
    return new Rows(rows);
  }

  private static List<Routing.Call> calls(String text) {
    return AnswerText.calls(text).stream()
        .map(c -> new Routing.Call(c.token(), c.label()))
        .toList();
  }

  private static List<Question> questions(Suite suite, SceneSet set) {
    var out = new ArrayList<Question>();
    for (var picture : set.pictures()) {
      for (var d : picture.dialogues()) {
        if (suite.tasks().contains(d.task()) && d.turns().size() == 2) {
          out.add(new Question(picture, d));
        }
      }
    }
    return out;
  }

  /**
   * Asks all questions of a suite, similar lengths together, since a batch is as slow as its
   * longest row.
   */
  private static List<Said> ask(
      Suite suite, Subject subject, SceneSet set, Settings settings, Progress progress)
      throws IOException {
    var all = questions(suite, set);
    var said = new Said[all.size()];
    int done = 0;
    for (int from = 0; from < all.size(); from += WINDOW * settings.batch()) {
      int to = Math.min(all.size(), from + WINDOW * settings.batch());
      var order =
          IntStream.range(from, to)
              .boxed()
              .sorted(Comparator.comparingInt(i -> all.get(i).text().length()))
              .toList();
      var pictures = new HashMap<Path, Raster>(); // of this window
      for (int at = 0; at < order.size(); at += settings.batch()) {
        var batch = order.subList(at, Math.min(order.size(), at + settings.batch()));
        var prompts = new ArrayList<Prompt>();
        for (int i : batch) {
          prompts.add(prompt(all.get(i), pictures));
        }
        var answers = subject.ask(prompts, suite.maxTokens());
        for (int k = 0; k < batch.size(); k++) {
          said[batch.get(k)] = new Said(all.get(batch.get(k)), answers.get(k));
        }
        done += batch.size();
        progress.at(done, all.size());
      }
    }
    return List.of(said);
  }

  private static Prompt prompt(Question q, Map<Path, Raster> pictures) throws IOException {
    Path file = q.picture().file();
    Raster picture = pictures.get(file);
    if (picture == null) {
      picture = ImageFiles.read(file);
      pictures.put(file, picture);
    }
    return new Prompt(
        q.text(), List.of(picture), q.dialogue().regions().stream().map(Suites::region).toList());
  }

  static VisualPrompt region(Dialogue.Region region) {
    if (region instanceof Dialogue.Region.Box b) {
      return new VisualPrompt.BoxPrompt(new Box(b.x0(), b.y0(), b.x1(), b.y1()));
    } else if (region instanceof Dialogue.Region.Point p) {
      return new VisualPrompt.PointPrompt(p.x(), p.y());
    } else if (region instanceof Dialogue.Region.Scribble s) {
      return new VisualPrompt.ScribblePrompt(
          s.points().stream().map(p -> new VisualPrompt.PointPrompt(p.x(), p.y())).toList());
    } else if (region instanceof Dialogue.Region.Mask m) {
      return new VisualPrompt.MaskPrompt("region", m.rle().toMask());
    }
    throw new IllegalStateException("region " + region);
  }
}
