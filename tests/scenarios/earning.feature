Feature: Members earn points for what they do in Discord
  What is written in a linked server becomes points by the community's rules, and every point can be explained.

  Scenario: A message earns points, and everybody can see it
    When the member writes "Hello everybody, this is my first message."
    And the community has caught up
    Then the member has points
    And the leaderboard page names the member
    And the member asks "/profile" and is told their points

  Scenario: Two messages at once count once
    When the member writes "Hello everybody, this is my first message."
    And the member writes "And here comes the second one, right after it."
    And the community has caught up
    Then the member has the points of one message

  Scenario: A deleted message gives its points back
    When the member writes "I should not have written this."
    And the community has caught up
    And the message is deleted
    And the community has caught up
    Then the member has only the daily bonus

  Scenario: One community's members are not another's
    When the member writes "Hello everybody, this is my first message."
    And the community has caught up
    Then nobody in "Globex Guild" has points

  Scenario: A point is explained
    When the member writes "Hello everybody, this is my first message."
    And the community has caught up
    Then the member's page explains that it was for "Messages"
