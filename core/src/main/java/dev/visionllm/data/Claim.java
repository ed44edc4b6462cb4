package dev.visionllm.data;

import java.util.List;

/** What a referring expression says of an object beside its class. */
sealed interface Claim {
  /**
   * Whether it holds of one of the objects that the expression's noun names.
   *
   * @param candidates positions in {@code scene.things()} of all objects that the noun names
   */
  Truth of(Scene scene, List<Integer> candidates, int thing);

  /** The whole expression: "the red dog". */
  String phrase(Scene scene, String noun);

  /** Nothing more. */
  record Plain() implements Claim {
    @Override
    public Truth of(Scene scene, List<Integer> candidates, int thing) {
      return Truth.YES;
    }

    @Override
    public String phrase(Scene scene, String noun) {
      return "the " + noun;
    }
  }

  /** Its dominant colour; objects without one might be called by any. */
  record Coloured(Colour colour) implements Claim {
    @Override
    public Truth of(Scene scene, List<Integer> candidates, int thing) {
      Colour its = scene.things().get(thing).colour();
      return its == null ? Truth.UNCLEAR : Truth.of(its == colour);
    }

    @Override
    public String phrase(Scene scene, String noun) {
      return "the " + colour.word() + " " + noun;
    }
  }

  /** The largest or the smallest of several. */
  record Sized(boolean largest) implements Claim {
    private static final double LARGER = 1.4; // ratio of visible areas that one sees at a glance

    @Override
    public Truth of(Scene scene, List<Integer> candidates, int thing) {
      boolean beatsAll = candidates.size() > 1;
      for (int other : candidates) {
        if (other == thing) continue;
        Scene.Thing a = scene.things().get(largest ? thing : other);
        Scene.Thing b = scene.things().get(largest ? other : thing);
        if (larger(b, a)) return Truth.NO;
        beatsAll &= larger(a, b);
      }
      return beatsAll ? Truth.YES : Truth.UNCLEAR;
    }

    /** By what is seen of them, and by their bounds, since one may be covered in part. */
    private static boolean larger(Scene.Thing a, Scene.Thing b) {
      return a.area() >= LARGER * b.area() && bounds(a) > bounds(b);
    }

    private static int bounds(Scene.Thing t) {
      return (t.x1() - t.x0()) * (t.y1() - t.y0());
    }

    @Override
    public String phrase(Scene scene, String noun) {
      return (largest ? "the largest " : "the smallest ") + noun;
    }
  }

  /** Its part of the picture: a row, a column, a corner or the middle; -1 stands for any. */
  record Placed(int column, int row) implements Claim {
    private static final int ANY = -1;

    @Override
    public Truth of(Scene scene, List<Integer> candidates, int thing) {
      Place place = Place.of(scene, scene.things().get(thing));
      return third(column, place.column()).and(third(row, place.row()));
    }

    private static Truth third(int said, int seen) {
      if (said == ANY) return Truth.YES;
      return seen == Place.UNCLEAR ? Truth.UNCLEAR : Truth.of(said == seen);
    }

    @Override
    public String phrase(Scene scene, String noun) {
      Place place = new Place(column == ANY ? 1 : column, row == ANY ? 1 : row);
      return "the " + noun + " " + place.phrase();
    }
  }

  /** Its rank among several, counted from 1 at a side of the picture. */
  record Ordered(Relation side, int rank) implements Claim {
    /** Names of the ranks that are used. */
    static final List<String> RANKS = List.of("first", "second", "third", "fourth");

    private static final double STEP = 0.05; // least distance of ranks, share of the side

    @Override
    public Truth of(Scene scene, List<Integer> candidates, int thing) {
      double at = along(scene, thing);
      int before = 0;
      int level = 0;
      for (int other : candidates) {
        if (other == thing) continue;
        double d = along(scene, other) - at;
        if (Math.abs(d) < STEP) level++;
        else if (d < 0) before++;
      }
      if (rank <= before || rank > before + 1 + level) return Truth.NO;
      boolean natural =
          candidates.size() > rank; // the last is rather called first of the other side
      return level == 0 && natural ? Truth.YES : Truth.UNCLEAR;
    }

    private double along(Scene scene, int thing) {
      Scene.Thing t = scene.things().get(thing);
      double x = t.centreX() / scene.width();
      double y = t.centreY() / scene.height();
      return switch (side) {
        case LEFT -> x;
        case RIGHT -> 1 - x;
        case ABOVE -> y;
        case BELOW -> 1 - y;
      };
    }

    @Override
    public String phrase(Scene scene, String noun) {
      String from =
          switch (side) {
            case LEFT -> "left";
            case RIGHT -> "right";
            case ABOVE -> "top";
            case BELOW -> "bottom";
          };
      if (rank == 1) return "the " + from + "most " + noun;
      return "the " + RANKS.get(rank - 1) + " " + noun + " from the " + from;
    }
  }

  /** How it lies to an object that is the only one of its class. */
  record Related(Relation relation, int anchor) implements Claim {
    @Override
    public Truth of(Scene scene, List<Integer> candidates, int thing) {
      return relation.of(scene, scene.things().get(thing), scene.things().get(anchor));
    }

    @Override
    public String phrase(Scene scene, String noun) {
      String other = scene.things().get(anchor).name();
      return "the " + noun + " " + relation.words() + " the " + other;
    }
  }
}
