/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * An anchor: Box2D 2.4 in three scenes of about the same make, with and without
 * a listener that stores events as programs do. Another solver, so only what
 * the listener adds is to be compared.
 */
#include <algorithm>
#include <box2d/box2d.h>
#include <cstdio>
#include <ctime>
#include <random>
#include <vector>

namespace
{

struct Event {
    int kind;
    b2Fixture *a, *b;
    b2WorldManifold points;
    float impulse[2];
};

class Listener : public b2ContactListener
{
  public:
    std::vector<Event> events;
    void
    BeginContact(b2Contact *contact) override
    {
        note(0, contact, nullptr);
    }
    void
    EndContact(b2Contact *contact) override
    {
        note(1, contact, nullptr);
    }
    void
    PostSolve(b2Contact *contact, const b2ContactImpulse *impulse) override
    {
        note(2, contact, impulse);
    }

  private:
    void
    note(int kind, b2Contact *contact, const b2ContactImpulse *impulse)
    {
        Event event = {};
        event.kind = kind;
        event.a = contact->GetFixtureA();
        event.b = contact->GetFixtureB();
        if (kind != 1)
            contact->GetWorldManifold(&event.points);
        for (int i = 0; impulse != nullptr && i < impulse->count; i++)
            event.impulse[i] = impulse->normalImpulses[i];
        events.push_back(event);
    }
};

void
add(b2World &world, float x, float y, const b2Shape &shape)
{
    b2BodyDef def;
    def.type = b2_dynamicBody;
    def.position.Set(x, y);
    world.CreateBody(&def)->CreateFixture(&shape, 1);
}

void
add_wall(b2World &world, b2Vec2 a, b2Vec2 b)
{
    b2BodyDef def;
    b2EdgeShape edge;
    edge.SetTwoSided(a, b);
    world.CreateBody(&def)->CreateFixture(&edge, 0);
}

void
build_pyramid(b2World &world, int rows)
{
    b2PolygonShape box;
    box.SetAsBox(1.5F, 1.5F);
    add_wall(world, b2Vec2(-200, 0), b2Vec2(200, 0));
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < rows - row; i++)
            add(world, 3.2F * (float)i - 1.6F * (float)(rows - row),
                1.5F + 3.1F * (float)row, box);
}

void
build_circles(b2World &world)
{
    std::mt19937 random(42);
    std::uniform_real_distribution<float> at(-17, 17);
    b2CircleShape circle;
    circle.m_radius = 0.5F;
    add_wall(world, b2Vec2(-18, 40), b2Vec2(-18, -18));
    add_wall(world, b2Vec2(-18, -18), b2Vec2(18, -18));
    add_wall(world, b2Vec2(18, -18), b2Vec2(18, 40));
    for (int i = 0; i < 1000; i++) {
        float x = at(random);
        add(world, x, at(random), circle);
    }
}

void
build(b2World &world, int rows)
{
    world.SetAllowSleeping(false);
    if (rows != 0)
        build_pyramid(world, rows);
    else
        build_circles(world);
}

double
now_us()
{
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

double
trimmed(std::vector<double> &samples)
{
    std::sort(samples.begin(), samples.end());
    double sum = 0;
    size_t from = samples.size() / 10, to = samples.size() * 6 / 10;
    for (size_t i = from; i < to; i++)
        sum += samples[i];
    return sum / (double)(to - from);
}

void
run(const char *name, int rows)
{
    b2World plain(b2Vec2(0, -10)), told(b2Vec2(0, -10));
    Listener listener;
    std::vector<double> sample[2];
    size_t events = 0;
    build(plain, rows);
    build(told, rows);
    told.SetContactListener(&listener);
    for (int i = 0; i < 160; i++)
        for (int m = 0; m < 2; m++) {
            double start = now_us();
            (m == 0 ? plain : told).Step(1.0F / 60, 8, 3);
            events += listener.events.size();
            listener.events.clear();
            if (i >= 60)
                sample[m].push_back(now_us() - start);
        }
    double raw = trimmed(sample[0]), with = trimmed(sample[1]);
    std::printf("Box2D %d.%d.%d, %s: %.1f us per step, listener %+.1f us "
                "%+.1f %%, %.0f events per step\n",
                b2_version.major, b2_version.minor, b2_version.revision, name,
                raw, with - raw, (with / raw - 1) * 100, (double)events / 160);
}

} // namespace

int
main()
{
    run("pyramid14", 14);
    run("pyramid50", 50);
    run("circles1000", 0);
    return 0;
}
