package dev.visionllm.data;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Referring expressions of a scene. Each describes exactly one object: it clearly holds of that one
 * and clearly does not hold of any other that its noun names.
 */
final class Expressions {
  /** Stands for any class. */
  private static final String ANYTHING = "object";

  private static final int MOST = 3; // expressions of one object
  private static final int ANY = -1;

  /** An expression of the object at a position in {@code scene.things()}. */
  record Expression(int thing, String text) {}

  private record Candidate(String noun, Claim claim) {}

  private final Scene scene;

  private Expressions(Scene scene) {
    this.scene = scene;
  }

  /**
   * At most three expressions of different kinds for each object, by object; an object that nothing
   * tells from the others has none.
   */
  static List<Expression> of(Scene scene, RandomGenerator random) {
    Expressions all = new Expressions(scene);
    List<Expression> out = new ArrayList<>();
    for (int thing = 0; thing < scene.things().size(); thing++) {
      List<Candidate> candidates = all.candidates(thing);
      Draw.shuffle(candidates, random);
      Set<Class<?>> kinds = new HashSet<>();
      for (Candidate c : candidates) {
        if (kinds.size() == MOST) break;
        if (!kinds.contains(c.claim().getClass()) && all.only(c) == thing) {
          kinds.add(c.claim().getClass());
          out.add(new Expression(thing, c.claim().phrase(scene, c.noun())));
        }
      }
    }
    return List.copyOf(out);
  }

  /** What might describe an object and no other. */
  private List<Candidate> candidates(int thing) {
    List<Candidate> out = new ArrayList<>();
    String noun = scene.things().get(thing).name();
    for (String wide : List.of(noun, ANYTHING)) {
      Colour colour = scene.things().get(thing).colour();
      if (colour != null) out.add(new Candidate(wide, new Claim.Coloured(colour)));
      out.add(new Candidate(wide, new Claim.Sized(true)));
      out.add(new Candidate(wide, new Claim.Sized(false)));
    }
    out.add(new Candidate(noun, new Claim.Plain()));
    out.add(new Candidate(noun, new Claim.Placed(1, 1)));
    for (int end = 0; end <= 2; end += 2) {
      out.add(new Candidate(noun, new Claim.Placed(end, ANY)));
      out.add(new Candidate(noun, new Claim.Placed(ANY, end)));
      out.add(new Candidate(noun, new Claim.Placed(end, 0)));
      out.add(new Candidate(noun, new Claim.Placed(end, 2)));
    }
    for (Relation side : Relation.values()) {
      for (int rank = 1; rank <= Claim.Ordered.RANKS.size(); rank++) {
        out.add(new Candidate(noun, new Claim.Ordered(side, rank)));
      }
    }
    for (int anchor = 0; anchor < scene.things().size(); anchor++) {
      if (anchor == thing || only(plain(anchor)) != anchor) continue;
      for (Relation side : Relation.values()) {
        out.add(new Candidate(noun, new Claim.Related(side, anchor)));
      }
    }
    return out;
  }

  private Candidate plain(int thing) {
    return new Candidate(scene.things().get(thing).name(), new Claim.Plain());
  }

  /** The one object that is described, or -1 if that is none, several or unclear. */
  private int only(Candidate c) {
    List<Integer> named = new ArrayList<>();
    for (int i = 0; i < scene.things().size(); i++) {
      if (c.noun().equals(ANYTHING) || c.noun().equals(scene.things().get(i).name())) named.add(i);
    }
    int one = -1;
    for (int i : named) {
      Truth truth = c.claim().of(scene, named, i);
      if (truth == Truth.NO) continue;
      if (truth == Truth.UNCLEAR || one >= 0) return -1;
      one = i;
    }
    return one;
  }
}
