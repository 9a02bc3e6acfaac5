Feature: Programs report what happens elsewhere

  Scenario: An activity sent by a program earns points once
    Given a key with the scopes "activities:write entries:read"
    When the program reports a "lesson_completed" for "student-7" twice
    And the community has caught up
    Then the program is told that one lesson was booked for 20 points

  Scenario: A key without the scope is refused
    Given a key with the scopes "members:read"
    When the program reports a "lesson_completed" for "student-7" twice
    Then the program is told "scope_missing"
