Feature: The team looks after the community
  Moderators give and take points with a reason, and what was done by hand can be undone.

  Scenario: A moderator thanks somebody from Discord
    When the moderator asks "/points give" for the member with 50 points because of "Great talk"
    Then the member has 50 points
    And the answer says "Great talk"

  Scenario: A member may not
    When the member tries to give 50 points to the owner
    Then the answer says "for moderators"
    And the owner has 0 points

  Scenario: An organiser undoes it on the web
    Given the moderator has given the member 50 points because of "A mistake"
    When the owner undoes it on the member's page of the dashboard
    Then the member has 0 points
    And the audit log says "Undid a change of the points of"

  Scenario: A level is announced once the community is live
    Given level-ups are announced in "general"
    When the moderator asks "/points give" for the member with 400 points because of "Organised the meetup"
    And the worker has done its work
    Then the bot has said something about level 2 in "general"
