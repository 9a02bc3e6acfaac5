"""Questions over what is stored: profiles, explanations of any number, the organiser's figures. Floor 7; reads only."""
