Feature: Members decide who sees them

  Scenario: Somebody hides
    Given the member has 120 points and the moderator has 80
    When the member asks "/privacy" to be hidden
    Then the leaderboard page does not name the member
    And the leaderboard page names the moderator

  Scenario: A stranger's dashboard is closed
    When the stranger signs in
    Then the dashboard is closed to them
