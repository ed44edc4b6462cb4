package dev.visionllm.data;

import dev.visionllm.data.CocoDataset.Annotation;
import dev.visionllm.data.MmicSample.Shown;
import dev.visionllm.data.Views.View;
import dev.visionllm.geometry.Box;
import dev.visionllm.image.VisualMark;
import dev.visionllm.text.RoutingToken;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Chooses multimodal in-context samples of any COCO instances (paper C.1): two to six pictures, the
 * last one to be solved, one to five marked objects of a class in a picture, one kind of mark in a
 * sample. Sample {@code i} depends on the seed and on {@code i} alone.
 */
public final class Mmic {
  /** Most pictures of a sample. */
  public static final int MOST_PICTURES = 6;

  private static final int LEAST_PICTURES = 2;
  private static final int MOST_MARKS = 5;
  private static final double MARGIN = 0.1; // around an object that is cut out

  private final Views views;
  private final Map<Long, String> names;
  private final List<Long> categories;
  private final ClassList nouns;
  private final long seed;
  private final Phrases phrases = Phrases.builtIn("mmic.txt");

  /**
   * @param file where the data is from, for messages
   * @throws IllegalArgumentException if the data has too few pictures that share a class
   */
  public Mmic(CocoDataset data, Path file, ClassList nouns, long seed) {
    this.views = new Views(data, file);
    this.names = data.names();
    this.categories = data.categories().stream().map(CocoDataset.Category::id).toList();
    this.nouns = nouns;
    this.seed = seed;
  }

  /** Chooses sample {@code index}. */
  MmicSample sample(long index) {
    RandomGenerator random = new SplittableRandom(Scenes.mix(Scenes.mix(seed) + index));
    MmicPattern pattern = MmicPattern.values()[random.nextInt(MmicPattern.values().length)];
    Making making = new Making(pattern, random);
    return switch (pattern) {
      case MARKED -> making.marked();
      case EXAMPLES -> making.examples();
      case MARKED_EXAMPLES -> making.markedExamples();
      case MASKS -> making.masks();
    };
  }

  /** Puts one sample together. */
  private final class Making {
    private final MmicPattern pattern;
    private final RandomGenerator random;
    private final List<Shown> shown = new ArrayList<>();
    private final List<Map<String, String>> values = new ArrayList<>(); // one of each picture
    private VisualMark mark;

    Making(MmicPattern pattern, RandomGenerator random) {
      this.pattern = pattern;
      this.random = random;
    }

    MmicSample marked() {
      View view = views.some(1, 1, random).get(0);
      long category = any(List.copyOf(view.clear().keySet()));
      markSome(List.of(view), List.of(category));
      long other = any(categories);
      boolean absent = view.of(other).isEmpty();
      Map<String, String> v = values.get(0);
      int what = random.nextInt(absent ? 4 : 3);
      String[] keys = {"marked.name", "marked.count", "marked.yes", "marked.no"};
      String[] answers = {v.get("class"), v.get("n"), "yes", "no"};
      if (what == 3) v.put("class", names.get(other));
      return sample(keys[what], List.of(), answers[what]);
    }

    MmicSample examples() {
      return switch (random.nextInt(3)) {
        case 0 -> names();
        case 1 -> captions();
        default -> counts();
      };
    }

    /** Single objects are cut out and named. */
    private MmicSample names() {
      for (View view : views.some(LEAST_PICTURES, MOST_PICTURES, random)) {
        Annotation a = any(view.clear().values().stream().flatMap(List::stream).toList());
        shown.add(new Shown(view.picture(), List.of(), around(a.box(), view.picture())));
        values.add(words(a.categoryId(), 1));
      }
      return sample("examples.name", List.of(), last("class"));
    }

    /** Pictures are described by what they show, large things first. */
    private MmicSample captions() {
      for (View view : views.some(LEAST_PICTURES, MOST_PICTURES, random)) {
        Map<Long, Integer> counts = new LinkedHashMap<>();
        view.all().stream()
            .sorted(Comparator.comparingDouble(Annotation::area).reversed())
            .forEach(a -> counts.merge(a.categoryId(), 1, Integer::sum));
        List<String> parts = new ArrayList<>();
        List<String> classes = new ArrayList<>();
        counts.forEach(
            (category, n) -> {
              classes.add(names.get(category));
              boolean crowd = view.of(category).stream().anyMatch(Annotation::crowd);
              ClassList.Noun noun = nouns.noun(names.get(category));
              parts.add(crowd ? "many " + noun.plural() : Phrases.amount(noun, n));
            });
        shown.add(new Shown(view.picture(), List.of(), null));
        values.add(Map.of("objects", Phrases.listed(parts), "class", String.join(", ", classes)));
      }
      return sample("examples.caption", List.of(), last("class"));
    }

    /** Things of one class are counted. */
    private MmicSample counts() {
      long category = views.category(random);
      for (View view : views.some(category, LEAST_PICTURES, MOST_PICTURES, random)) {
        shown.add(new Shown(view.picture(), List.of(), null));
        values.add(words(category, view.of(category).size()));
      }
      return sample("examples.count", List.of(), last("n"));
    }

    MmicSample markedExamples() {
      List<View> some = views.some(LEAST_PICTURES, MOST_PICTURES, random);
      markSome(some, some.stream().map(v -> any(List.copyOf(v.clear().keySet()))).toList());
      return sample("marked_examples.name", List.of(), last("class"));
    }

    MmicSample masks() {
      long category = views.category(random);
      List<View> some = views.some(category, LEAST_PICTURES, MOST_PICTURES, random);
      View target = some.get(some.size() - 1);
      List<Annotation> wanted = target.of(category);
      choose(some.stream().flatMap(v -> v.of(category).stream()).toList());
      for (View view : some) {
        List<Annotation> all = view.clear().get(category);
        List<Annotation> marked = view == target ? List.of() : some(all, MOST_MARKS);
        shown.add(new Shown(view.picture(), marked, null));
        values.add(words(category, Math.max(1, marked.size())));
      }
      boolean segment = mark.kind() == VisualMark.Kind.MASK;
      RoutingToken token = segment ? RoutingToken.SEG : RoutingToken.DET;
      values.get(values.size() - 1).put("tools", names.get(category) + token.text());
      return sample(segment ? "masks.seg" : "masks.det", wanted, names.get(category));
    }

    /** Marks one to five objects of a class in each picture. */
    private void markSome(List<View> some, List<Long> classes) {
      List<List<Annotation>> marked = new ArrayList<>();
      for (int i = 0; i < some.size(); i++) {
        List<Annotation> all = some.get(i).clear().get(classes.get(i));
        marked.add(some(all, random.nextInt(1, Math.min(MOST_MARKS, all.size()) + 1)));
      }
      choose(marked.stream().flatMap(List::stream).toList());
      for (int i = 0; i < some.size(); i++) {
        shown.add(new Shown(some.get(i).picture(), marked.get(i), null));
        values.add(words(classes.get(i), marked.get(i).size()));
      }
    }

    /** A mark for these objects; masks only where all have them. */
    private void choose(List<Annotation> things) {
      mark = VisualMark.any(random);
      if (mark.kind() == VisualMark.Kind.MASK
          && things.stream().anyMatch(a -> a.segmentation() == null)) {
        mark = new VisualMark(VisualMark.Kind.BOX, mark.solid());
      }
    }

    private Map<String, String> words(long category, int n) {
      ClassList.Noun noun = nouns.noun(names.get(category));
      Map<String, String> v = new HashMap<>();
      v.put("class", noun.name());
      v.put("a", noun.withArticle());
      v.put("plural", noun.plural());
      v.put("n", Integer.toString(n));
      v.put("what", Phrases.amount(noun, n));
      if (mark != null) {
        ClassList.Noun drawn = nouns.noun(mark.kind().words());
        v.put("all_marks", drawn.plural());
        v.put("marks", n == 1 ? drawn.withArticle() : drawn.plural());
      }
      return v;
    }

    private String last(String name) {
      return values.get(values.size() - 1).get(name);
    }

    private MmicSample sample(String key, List<Annotation> wanted, String answer) {
      List<String> parts = phrases.any(key, random); // example, question, answer
      int n = shown.size();
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        lines.add("<image>");
        lines.add(Templates.fill(parts.get(i < n - 1 ? 0 : 1), values.get(i)));
      }
      return new MmicSample(
          pattern,
          mark,
          List.copyOf(shown),
          wanted,
          String.join("\n", lines),
          Templates.fill(parts.get(2), values.get(n - 1)),
          answer,
          random.nextLong());
    }

    private <T> T any(List<T> list) {
      return list.get(random.nextInt(list.size()));
    }

    /** So many of them, in another order. */
    private <T> List<T> some(List<T> list, int n) {
      List<T> rest = new ArrayList<>(list);
      List<T> out = new ArrayList<>();
      while (out.size() < n && !rest.isEmpty()) out.add(rest.remove(random.nextInt(rest.size())));
      return out;
    }
  }

  /** Whole pixels around a box with a margin, inside the picture. */
  private static Box around(Box box, CocoDataset.Picture p) {
    double margin = MARGIN * Math.max(box.width(), box.height());
    Box b =
        new Box(box.x0() - margin, box.y0() - margin, box.x1() + margin, box.y1() + margin)
            .clip(p.width(), p.height());
    return new Box(Math.floor(b.x0()), Math.floor(b.y0()), Math.ceil(b.x1()), Math.ceil(b.y1()));
  }
}
